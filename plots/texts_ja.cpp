#include "plots/texts.h"

namespace qyolo::plots {
namespace {

constexpr NamedText kStatuses[] = {
    {"failed", "失敗"}, {"pending", "未実行"}, {"skipped", "省略"}, {"unsupported", "非対応"}};

constexpr NamedText kErrorTypes[] = {
    {"classification", "クラス誤り"},   {"localization", "位置ずれ"},      {"both", "クラス・位置"},
    {"duplicate", "重複検出"},          {"background", "背景誤検出"},      {"missed", "見逃し"},
    {"false positives", "誤検出 全体"}, {"false negatives", "見逃し 全体"}};

constexpr ChartTexts kTexts = {
    .language = Language::kJapanese,
    .range = "{0}～{1}",
    .list_separator = "、",
    .sentence_space = "",
    .other = "その他",
    .hybrid = "ハイブリッド",
    .more = "ほか {0} 件",
    .images = "画像 {0} 枚",
    .measured = "{0} で実測",
    .simulated = "シミュレーション値",
    .error_bars =
        "縦線：基準モデルの AP に、基準との差の {0}信頼区間を加えた範囲。画像枚数が有限である"
        "ことによる不確かさを示します。",
    .left_out = "{1} 構成のうち {0} 構成は表示していません。",
    .left_out_because = "{1} 構成のうち {0} 構成は表示していません（{2}）。",
    .count_of_status = "{1} {0}",
    .statuses = kStatuses,
    .empty_chart = "このグラフに必要な数値を持つ構成がまだありません。",
    .baseline_is = "基準：{0}。",
    .scheme = "量子化方式",
    .pareto_front = "パレートフロント",
    .bytes_title = "サイズと精度の関係",
    .bytes_x = "実サイズ（{0}）",
    .bytes_x_log = "実サイズ（{0}、対数目盛）",
    .ap_axis = "AP（%）",
    .bytes_reading =
        "サイズは復号に必要なすべてのデータを含みます。淡い印：サイズが同等以下で精度が同等以上の"
        "構成がほかにあります。",
    .bytes_list = "印の横の番号は一覧の番号に対応します（サイズの小さい順）。",
    .bytes_description = "{0} 構成の COCO AP（%）と実サイズ。{1}。",
    .front_description = "パレートフロント（サイズの小さい順）：{0}。",
    .bits_title = "ビット数と精度の関係",
    .bits_axis = "符号のビット数",
    .bits_description =
        "COCO AP（%）と符号のビット数。{0} 種類の粒度ごとに 1 枚、方式ごとに 1 本の線。{1}。",
    .heat_title = "方式・ビット数・粒度別の AP 低下",
    .heat_subtitle = "{0}、基準 {1}",
    .heat_scale = "AP の低下（ポイント）",
    .heat_note =
        "AP の低下：基準モデルの AP から各構成の AP を引いた値（ポイント）。負の値は AP の向上を"
        "示します。",
    .heat_note_tolerance =
        "青：低下が許容差 {0} ポイント以内。オレンジ～赤：許容差を超過（2 "
        "倍になるごとに濃くなります）。",
    .heat_note_margin =
        "青：低下が {0} ポイント以内（許容差 {1} から安全マージン {2} "
        "を差し引いた値）。オレンジ～赤：それを"
        "超過（2 倍になるごとに濃くなります）。",
    .not_in_run = "対象外",
    .no_ap = "AP なし",
    .heat_tooltip = "{0}：AP {1}、低下 {2}",
    .heat_description =
        "{0} に対する COCO AP の低下（ポイント）、{1} 構成。行は方式（粒度ごと）、列はビット数。"
        "{2}。最小：{3}（{4}）、最大：{5}（{6}）。",
    .sqnr_title = "各レイヤーの重みの SQNR（dB）",
    .sqnr_subtitle = "{0}{1} {2} ビット",
    .sqnr_default = "（既定：粒度の種類が最多で、ビット数が最小のもの）",
    .layers_in_order = "レイヤー（モデル内の順）",
    .layers_named = "レイヤー（モデル内の順、{0} 個ごとに名称を表示）",
    .over_all_weights = "全重み {0} dB",
    .lowest_in = "最小 {0}（{1}）",
    .layers_exact = "{1} レイヤー中 {0} レイヤーは誤差なし",
    .larger_kernels = "1x1 より大きいカーネル",
    .pointwise = "1x1 レイヤー",
    .exact = "誤差なし",
    .sqnr_gaps = "棒なし：この構成には該当レイヤーの誤差がありません。",
    .sqnr_layers_left_out = "{1} レイヤーのうち {0} レイヤーは表示していません。",
    .sqnr_cells_left_out = "{1} 構成のうち {0} 構成は表示していません。",
    .sqnr_exact_layer = "誤差なし",
    .sqnr_layer_weights = "重み {0} 個、{1} グループ",
    .sqnr_description = "{1} の {0} レイヤーの重みの SQNR（dB）、{2} {3} ビット。",
    .sensitivity_title = "レイヤーの感度",
    .sensitivity_measured_on = "{0}、{1}、画像 {2} 枚",
    .on_data = "、{0}",
    .sensitivity_alone = "このレイヤーのみ量子化",
    .sensitivity_but_this = "このレイヤー以外を量子化：全体量子化からの回復分",
    .sensitivity_ap = "AP の低下（ポイント）",
    .sensitivity_head_error = "検出ヘッドの相対二乗誤差（%）",
    .sensitivity_kl = "スコアの KL 情報量（nat／画像）",
    .log_scale = "{0}、対数目盛",
    .sensitivity_top = "{1} レイヤーのうち感度の高い {0} レイヤー。ほかはいずれも {2} 以下です。",
    .sensitivity_order = "数値はそのレイヤーのみを量子化した場合の値です。",
    .sensitivity_not_positive =
        "低下または回復のないレイヤーは対数目盛に載らないため、左端に示します。",
    .sensitivity_tooltip = "{0}：{1}",
    .sensitivity_description = "レイヤーごとの{0}。{1}。",
    .histogram_title = "{0} の重み、{1}",
    .whole_layer = "レイヤー全体",
    .histogram_subtitle = "{0}、{1}：重み {2} 個、{3}～{4}",
    .histogram_sqnr = "、SQNR {0} dB",
    .histogram_exact = "、誤差なし",
    .levels_used = "{1} 水準のうち {0} 水準を使用。重み {3} 個のうち {2} 個をクリップ（{4}）。",
    .weights_per_bin = "区間ごとの重みの個数",
    .weights_per_level = "水準ごとの重みの個数（下向き）",
    .weight_axis = "重みの値",
    .lowest_level = "最小の水準 {0}",
    .highest_level = "最大の水準 {0}",
    .weights_key = "重み",
    .used_levels = "使用する水準",
    .unused_levels = "使用しない水準",
    .ends_of_grid = "量子化範囲の両端",
    .breakpoints = "分割点",
    .clipped = "クリップ：{0}",
    .bin_tooltip = "{0}～{1}：{2} 個",
    .level_tooltip = "水準 {0}：{1} 個",
    .histogram_description = "{0} のヒストグラム。{1}。",
    .grid_description = "{0} の量子化範囲は {1}～{2}",
    .breakpoint_description = "、分割点 {0}",
    .pr_title = "適合率と再現率（IoU 0.5）",
    .pr_description = "適合率と再現率の関係。クラスごとの線と平均。",
    .precision_axis = "適合率（%）",
    .recall_axis = "再現率（%）",
    .f1_axis = "F1（%）",
    .confidence_title = "判定しきい値と適合率・再現率・F1（IoU 0.5）",
    .confidence_description =
        "判定しきい値以上の検出についての適合率、再現率、F1。クラスごとの線と平均。",
    .confidence_axis = "判定しきい値",
    .ap50_percent = "AP50（%）",
    .lowest_ap50 = "AP50 の低いクラス",
    .best_f1_key = "最大 F1（%）としきい値",
    .lowest_best_f1 = "最大 F1 の低いクラス",
    .best_f1_mark = "平均 F1 の最大 {0}",
    .classes = "クラス",
    .other_classes = "ほか {0} クラス",
    .f1_at = "{0}（{1}）",
    .curves_description = "{0}。平均 AP50 {1} %（{2} クラス）、平均 F1 の最大 {3}。",
    .curve_description = " {0}：AP50 {1}、最大 F1 {2}。",
    .mean = "平均",
    .baseline = "基準モデル",
    .all_classes = "全クラス",
    .against = "、基準 {0}",
    .confusion_setting = "、判定しきい値 {0:.3g}、IoU {1:g}",
    .confusion_title = "混同行列",
    .confusion_rows = "正解クラス",
    .confusion_columns = "検出されたクラス",
    .background = "背景",
    .right = "正しい検出（%）",
    .wrong = "誤り・見逃し（%）",
    .found = "{0} を検出",
    .missed = "{0} の見逃し",
    .invented = "背景を {0} と誤検出",
    .taken_for = "{0} を {1} と誤認",
    .share = "：{0} 件（{1} %）",
    .confusion_note =
        "行は正解、列は検出結果（最後は背景）です。色は行内の割合、最下行のみ列内の割合を示します"
        "。",
    .confusion_empty = "どちらもない {0} クラスは省略しています。",
    .most_frequent = "多いクラス間の誤認",
    .confusion_pair = "{0} 件：{1} を {2} と誤認",
    .confusion_description =
        "{0} クラスと背景のヒートマップ。{1}：検出 {2} 個、別クラスと誤認 {3} 個、見逃し {4} 個、"
        "背景の誤検出 {5} 件。",
    .errors_title = "AP50 低下の内訳",
    .errors_axis = "その誤りだけをなくした場合の AP50 の向上（ポイント）",
    .errors_note =
        "誤りの分類は TIDE（Bolya ほか、2020）によります。各種類の向上分は足し合わせられません。",
    .errors_count = "{0}（{1} 件）",
    .errors_network = "対象モデル",
    .errors_of_baseline = "（基準モデル）",
    .errors_description = "一種類の誤りをなくした場合の AP50 の向上。{0}。",
    .error_types = kErrorTypes,
    .errors_subtitle = "{0}、AP50 {1:.1f}",
    .shift_title = "同じ物体に対する信頼度スコアの変化",
    .shift_network_axis = "対象モデルのスコア",
    .shift_baseline_axis = "基準モデルのスコア",
    .shift_heading = "変化量：対象モデル − 基準モデル",
    .shift_axis = "スコアの変化量",
    .shift_median = "中央値",
    .shift_mean = "平均",
    .shift_note =
        "両モデルが IoU 0.5 で検出した物体が対象です。正方形の図はスコアの組ごとの物体数"
        "を示します。",
    .shift_note_some = "範囲の図には {1} クラスのうち中央値の変化が大きい {0} クラスを示します。",
    .shift_density_tooltip = "基準 {0:g}～{1:g}、対象 {2:g}～{3:g}：{4} 個",
    .shift_range_tooltip =
        "{0}：物体 {1} 個、平均 {2:+.3f}、5 % {3:+.3f}、25 % {4:+.3f}、中央値 {5:+.3f}、75 % "
        "{6:+.3f}、95 % {7:+.3f}",
    .shift_description = "両モデルが検出した物体のスコア。{0}。{1}。",
};

}  // namespace

const ChartTexts& japanese_charts() { return kTexts; }

}  // namespace qyolo::plots

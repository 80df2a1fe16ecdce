#include "report/texts.h"

namespace qyolo::report {
namespace {

constexpr Named kChecks[] = {
    {"image_missing", "一覧にあるがファイルが存在しない画像"},
    {"image_outside", "フォルダーの外を指す画像名"},
    {"image_listed_twice", "重複して登録された画像"},
    {"image_unreadable", "破損または途中で切れた画像ファイル"},
    {"leaked_image", "キャリブレーション用画像と同一内容の評価画像"},
    {"shared_name", "キャリブレーション用画像と同名だが内容の異なる画像"},
    {"image_twice", "ほかの画像と同一内容の画像"},
    {"size_differs", "記載サイズがファイルと異なる画像"},
    {"image_without_boxes", "物体のない画像"},
    {"file_not_listed", "フォルダーにあるが一覧にない画像ファイル"},
    {"box_empty", "面積のないバウンディングボックス"},
    {"box_outside", "画像の完全に外側にあるバウンディングボックス"},
    {"box_beyond_edge", "画像の端からはみ出すバウンディングボックス"},
    {"box_tiny", "幅または高さが 1 画素未満のバウンディングボックス"},
    {"object_twice", "重複してアノテーションされた物体"},
    {"box_of_two_classes", "二つのクラスでアノテーションされたバウンディングボックス"},
    {"id_twice", "ID が重複するアノテーション"},
    {"class_missing", "アノテーションカテゴリーに存在しないモデルのクラス"},
    {"class_unknown", "モデルに存在しないカテゴリー"},
    {"entry_unreadable", "ID または名前が使えない項目"},
    {"image_unnamed", "ファイル名のない画像"},
    {"image_id_twice", "ID が重複する画像"},
    {"image_unsupported", "対応していない形式の画像ファイル"},
    {"image_damaged", "データが破損している画像ファイル"},
    {"image_unended", "終端マーカーのない JPEG ファイル"},
    {"image_renamed", "ファイルと表記の異なる画像名"},
    {"image_converted", "デコードで一部の情報が失われる画像"},
    {"size_unknown", "幅または高さが使えない画像"},
    {"object_of_no_image", "一覧にない画像のアノテーション"},
    {"object_of_no_class", "一覧にないカテゴリーのアノテーション"},
    {"box_malformed", "四つの数値でないバウンディングボックス"},
    {"area_malformed", "面積または群衆フラグが使えないアノテーション"},
    {"id_zero", "ID が 0 のアノテーション"},
    {"id_missing", "ID が使えないアノテーション"},
    {"category_id_twice", "ID が重複するカテゴリー"},
    {"class_unpaired", "対応付けできないクラスとカテゴリー"},
    {"category_unused", "モデルのクラスになくアノテーションもないカテゴリー"},
    {"class_empty", "物体のないクラス"},
    {"class_rare", "物体の少ないクラス"},
};

constexpr Named kEnvironment[] = {
    {"cpu", "プロセッサー"},
    {"cores", "コア数"},
    {"threads", "使用スレッド数"},
    {"memory", "メモリー"},
    {"governor", "周波数ガバナー"},
    {"flags", "命令セット"},
    {"os", "OS"},
    {"kernel", "カーネル"},
    {"execution", "実行方法"},
    {"executor", "実行エンジン"},
    {"qyolo", "qyolo"},
    {"git", "コミット"},
    {"compiler", "コンパイラー"},
    {"opencv", "OpenCV"},
    {"checkpoint", "チェックポイント"},
    {"checkpoint_sha256", "同 SHA-256"},
    {"images", "画像"},
    {"annotations", "アノテーション"},
    {"dataset_sha256", "画像とアノテーションの SHA-256"},
    {"calibration", "キャリブレーション用画像"},
    {"calibration_sha256", "同 SHA-256"},
};

constexpr Named kCommands[] = {
    {"poc", "本レポートの作成"},
    {"quantize", "モデルを圧縮ファイルとして出力"},
    {"export", "他のランタイム向けの出力（ONNX）"},
    {"eval", "精度のみの評価"},
    {"diff", "物体ごとの変化（画像付き）"},
    {"tables", "全記録の表"},
    {"doctor", "データの点検"},
};

constexpr Texts kTexts = {
    .html_lang = "ja",
    .title = "PoC（概念実証）レポート：{0} の量子化",
    .subtitle = "{0} ・ 画像 {1} 枚 ・ {2}",
    .contents = "目次",
    .points = "{0} ポイント",
    .percent = "{0} %",
    .interval = "{0} ～ {1}",
    .per_100 = "{0} 件",
    .absent = "–",
    .list_more = "ほか {0} 件",
    .count_words = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"},
    .full_stop = "。",
    .plain_separator = "、",
    .plain_bits = "{0} ビット",
    .plain_float = "浮動小数点のまま",
    .plain_weights = "重みは {0}",
    .plain_first_one = "先頭のレイヤー",
    .plain_first = "先頭 {0} レイヤー",
    .plain_head = "検出ヘッド",
    .plain_and = "{0}と{1}",
    .plain_other_one = "ほか 1 レイヤー",
    .plain_others = "ほか {0} レイヤー",
    .plain_in = "{0}は {1}",
    .plain_in_float = "{0}は浮動小数点のまま",
    .plain_mixed = "重みはレイヤーごとに {0}～{1} ビット（{2}）",
    .plain_in_layers = "{0}：{1} レイヤー",
    .plain_activations = "アクティベーションは {0}",
    .verdict = "結論",
    .headline = {"要件を満たす量子化が可能です", "判定保留：画像の追加が必要です",
                 "試したモデルはいずれも要件を満たしません",
                 "基準の FP32 モデルの精度が不十分です"},
    .recommended = "推奨：{0}。重みのサイズは {2}（FP16 比 約 {4} %、約 1/{1}）で、AP は{3}。",
    .recommended_2 =
        "信頼水準 {0} で、低下は最大 {1}です。許容値は {2}（許容差 {3}から安全マージン "
        "{4}を差し引いた値）です。",
    .undecided =
        "画像 {0} 枚では断定できません。要件を満たす可能性がある最小のモデルは {1} で、AP "
        "は{2}（信頼区間 {3}）。",
    .undecided_2 = "許容される低下は {0}です（許容差 {1}から安全マージン {2}を差し引いた値）。",
    .undecided_classes = "許容差を個別に指定したクラスのうち、判定できないもの：{0}。",
    .list_separator = "、",
    .simplest =
        "全レイヤー共通の設定で導入しやすい構成：{0}。重みのサイズは {1}（FP16 比 約 {4} %、約 "
        "1/{2}）で、AP は{3}。",
    .confirmed =
        "この構成は画像 {1} 枚で選定しました。選定に使用していない残りの {0} 枚では、AP "
        "は{2}（信頼区間 {3}）。",
    .not_confirmed =
        "この構成は画像 {0} "
        "枚すべてで選定しました。枚数が少ないため、検証用の画像は確保していません。",
    .undecided_more = "同種の画像をおよそ {0} 枚追加すれば判定できる見込みです。",
    .none =
        "量子化した {0} 種類のモデルに、許容される低下 {1}（許容差 {2}から安全マージン "
        "{3}を差し引いた値）とクラスごとの許容差を満たすものはありませんでした。",
    .none_2 = "最も近い {0} では、AP は{1}（信頼区間 {2}）。",
    .unusable =
        "量子化前のモデルの AP は、これらの画像では {0} です。{1} "
        "を下回る場合、量子化で失われる精度を論じることはできません。",
    .unusable_2 =
        "チェックポイントがこれらのクラスで学習されたものか、アノテーションとカテゴリーが画像と対応"
        "しているか、入力サイズが適切かを確認してください。以下のサイズとレイテンシーは有効です。",
    .loses = " {0}低下します",
    .gains = "低下しません（{0}向上）",
    .loses_nothing = "低下しません",
    .certain_gain = "信頼水準 {0} で、AP の低下はありません。",
    .few_images = "注意：画像が {0} 枚と少ないため、以下の数値は目安としてご覧ください。",
    .few_objects = "注意：次のクラスは物体数が 10 個未満のため、結果は目安です：{0}。",
    .data_errors =
        "データの点検でエラーが見つかりました。数値を利用する前に「{0}」を確認してください。",
    .tile_size = "重みのサイズ",
    .tile_size_note = "FP16 比 約 {2} %（約 1/{0}）、FP32 比 約 {3} %（約 1/{1}）",
    .tile_ap = "AP",
    .tile_ap_note = "FP32 は {0}、差 {1}",
    .tile_missed = "新たな見逃し",
    .tile_missed_note = "画像 100 枚あたり。見逃し全体 {0} 件 → {1} 件",
    .tile_false = "新たな誤検出",
    .tile_false_note = "画像 100 枚あたり。誤検出全体 {0} 件 → {1} 件",
    .networks = "試したモデル",
    .networks_note =
        "AP は COCO の定義（IoU 0.50～0.95）による百分率です。FP32 "
        "との差はポイントで表し、信頼区間を添えています。許容される低下は "
        "{0}です。「符号化後」は領域情報をエントロピー符号化したサイズです。",
    .sort_hint = "見出しをクリックすると並べ替えられます。",
    .column_network = "モデル",
    .column_stage = "段階",
    .column_size = "サイズ",
    .column_bits = "重みあたりビット数",
    .column_ratio = "対 FP16",
    .column_ap = "AP",
    .column_delta = "差",
    .column_standing = "要件",
    .coded = "符号化後 {0}",
    .standing = {"達成", "未達", "判定保留", "–"},
    .is_baseline = "基準",
    .is_chosen = "推奨",
    .is_closest = "以下で詳述",
    .failed = "失敗：{0}",
    .simulated_activations = "アクティベーション {0} ビット（シミュレーション値）",
    .confirmed_short = "選定に使用していない画像 {0} 枚：{1}（{2}）",
    .stage = {"FP32 基準", "4 ビット・アフィン", "4 ビット（キャリブレーション用画像による丸め）",
              "4 ビット・区分線形", "粒度の細分化", "ビット数の増加", "レイヤーごとの探索",
              "8 ビットアクティベーション"},
    .stage_state = {"実施済み", "不要（前の段階で要件を達成）", "未実施（使用できる基準がない）",
                    "未実施（キャリブレーション用画像の指定なし）", "未実施（指定により省略）"},
    .roadmap = "検証の段階",
    .chart = "サイズと精度の関係",
    .chart_note =
        "上ほど高精度、左ほどサイズが小さくなります。縦線は FP32 "
        "との差の信頼区間、色と印は量子化方式、番号は表の行番号に対応します。太字は要件を達成、"
        "「?」付きは判定保留、淡い印は未達を示します。",
    .chart_description =
        "量子化した {0} 種類のモデルの AP（百分率）とサイズ。基準の FP32 の AP は {1}。",
    .chart_point = "{0}：{1}、AP {2}（{3}）",
    .chart_below = "目盛りの下限を下回るモデルは下端に AP を添えて示します。",
    .line_front = "パレートフロント",
    .hybrid = "ハイブリッド",
    .axis_size = "サイズ（MB）",
    .axis_ap = "AP（%）",
    .line_baseline = "FP32 {0}",
    .line_allowed = "許容下限 {0}",
    .classes = "クラス別の精度低下",
    .classes_binding = "個別に許容差を指定したクラスは要件に含まれます。",
    .classes_orientation =
        "クラスごとの許容差は指定されていません。参考として全体の許容差 "
        "{0}を併記します。クラス単位の信頼区間は全体より広くなります。",
    .column_class = "クラス",
    .column_objects = "物体数",
    .column_before = "AP（FP32）",
    .column_after = "AP（量子化後）",
    .column_tolerance = "許容差",
    .column_interval = "信頼区間",
    .interval_label = "{0}：{1} ポイント、信頼区間 {2} ～ {3}、許容差 {4}",
    .objects = "物体単位の検出結果の変化",
    .objects_note =
        "判定しきい値 {0}（FP32 の平均 F1 が最大となる値）での比較です。IoU が {1} "
        "以上で検出とみなします。画像 {2} 枚、物体 {3} 個。",
    .objects_none = "比較できません。どのしきい値でも物体が検出されません。",
    .column_count = "件数",
    .row_missed = "見逃し",
    .row_false = "誤検出（過検出）",
    .row_newly_missed = "新たな見逃し",
    .row_newly_found = "新たに検出",
    .row_newly_false = "新たな誤検出",
    .row_no_longer_false = "解消した誤検出",
    .fp32 = "FP32",
    .quantized = "量子化後",
    .other_class = "うち {0} 件は別クラスとして検出",
    .pictures_missed = "新たな見逃し（FP32 のスコアが高い順）",
    .pictures_false = "新たな誤検出（スコアが高い順）",
    .picture_missed = "{0}、FP32 のスコア {1}",
    .picture_flipped = "{0}、FP32 のスコア {1}、量子化後は {2} と判定",
    .picture_false = "{0}、スコア {1}",
    .picture_alt_missed = "{1} で見逃されたクラス {0} の物体",
    .picture_alt_false = "{1} でのクラス {0} の誤検出",
    .latency = "本機でのレイテンシー・メモリー・消費エネルギー",
    .latency_note =
        "入力 {0} × {1} 画素、バッチ {2}、{3} スレッドでの推論 1 "
        "回の時間です（モデルの推論のみ。画像のデコードと NMS "
        "を除く）。各構成を交互に測定しています。",
    .latency_none = "測定していません。",
    .latency_missing =
        "今回は INT8 および BF16 "
        "カーネルの時間を測定していません。「シミュレーション値」の行はそれらの速度を示すものではあ"
        "りません。",
    .latency_doubtful =
        "測定中に本機でほかの処理が動いていたため、これらの時間は参考になりません。",
    .latency_ap = "AP は、同じ重みを同じ演算精度で本レポートの画像に対して評価した値です。",
    .latency_ap_absent = "未評価",
    .column_precision = "演算",
    .column_kind = "種別",
    .column_median = "中央値（ms）",
    .column_spread = "四分位（ms）",
    .column_samples = "測定回数",
    .measured = "実測",
    .simulated_note = "シミュレーション値：復元した重みによる浮動小数点カーネル",
    .memory = "メモリー",
    .memory_note =
        "復号に必要な重みのサイズを構成から算出した値です（符号、スケール、ゼロポイント、分割点、領"
        "域情報、および浮動小数点のまま残る値）。",
    .column_weights = "重み",
    .computed = "算出値",
    .memory_row = {"FP32", "FP16", "量子化後", "量子化後（領域情報をエントロピー符号化）",
                   "本プロセスの最大使用量（FP32 でのシミュレーションと画像キャッシュを含む）"},
    .energy = "消費エネルギー",
    .energy_value =
        "FP32 の推論 1 回あたり {0} mJ（{1} "
        "による実測、対象：{2}）。待機時の消費分は差し引いていません。",
    .energy_absent = "本機では取得できません：{0}",
    .devices = "各デバイスでの実測",
    .devices_note =
        "各デバイス上でモデルを実行して測定しました。バッチ全体の推論 1 回の中央値（デコードと NMS "
        "を除くモデルの推論のみ）、毎秒の画像枚数、他に何もしないプロセスの最大メモリー使用量、およ"
        "び取得可能な場合は消費エネルギーです。AP "
        "は、同じ重みを同じ演算精度で評価した場合に限り、本レポートの値を示します。",
    .devices_int8 =
        "INT8 "
        "の行は整数カーネルによる実測です。アクティベーションの範囲は合成画像から求めたもので、時間"
        "とメモリーの測定には十分ですが、精度については何も示しません。",
    .column_batch = "バッチ",
    .device_weights = {"展開済みの重み、{0}", "圧縮したままの重み、{0}",
                       "圧縮したままの重み（領域情報を符号化）、{0}"},
    .device_unquantized = "量子化なし（{0} 演算）",
    .device_input = "入力 {0} × {1}",
    .device_ap = "AP {0}",
    .device_median = "{0} ms",
    .device_rate = "{0} 枚/秒",
    .device_peak = "最大 {0}",
    .device_energy = "{0} mJ/枚",
    .device_about = "{0}、{1} スレッド。{2}。{3} に測定、推論 {4} 回の中央値。",
    .device_source = "消費エネルギー：{0}、{1}、対象：{2}。待機時の消費分は差し引いていません。",
    .device_counter = "カウンターを {0} ms ごとに読み取り",
    .device_sampled = "電力を {0} ms ごとに読み取って積分",
    .device_no_energy = "消費エネルギー：取得できません：{0}",
    .device_left_out = "測定対象外：{0}",
    .judged = "他のランタイムでの結果",
    .judged_note =
        "本レポートの対象モデルを ONNX "
        "ファイルとして出力し、同一の画素・同一の評価方法（正方形入力）で実行した結果です。推論時間"
        "は両"
        "者を交互に測定しています。",
    .column_runtime = "ランタイム",
    .column_ap_there = "AP（ランタイム）",
    .column_ap_here = "AP（qyolo）",
    .column_integers = "整数演算の畳み込み",
    .column_median_there = "中央値（ランタイム、ms）",
    .column_median_here = "中央値（qyolo）",
    .sure = "結果の確かさ",
    .sure_method =
        "両モデルを、画像 {1} 枚（物体 {2} 個）から作った同一の再標本 {0} "
        "組で評価しました（対応のあるブートストラップ）。この方法による区間は、{3} "
        "の確率で、同種の別の画像で得られる差を含みます。",
    .sure_effective =
        "ばらつきの多くは出現の少ないクラスに由来し、区間は実質およそ {0} 枚の画像に基づきます。",
    .sure_interval = "{0} と FP32 の差：{1} ～ {2}。",
    .sure_share = "再標本の {0} で、低下が許容差 {1}を超えました。",
    .sure_more = "同種の画像をおよそ {0} 枚追加すれば、未確定の点も判定できる見込みです。",
    .sure_decided =
        "信頼区間は許容値の片側に収まっており、この結論のために画像を追加する必要はありません。ただ"
        "し、評価画像が実際の運用で扱う画像と同種であることが前提です。",
    .sure_close =
        "低下が許容値に極めて近く、現実的な枚数では判定できません。許容差を見直すか、別のモデルを選"
        "ぶ必要があります。",
    .sure_none = "比較を行っていないため、信頼区間はありません。",
    .data = "データの点検",
    .data_summary = "画像 {0} 枚、物体 {1} 個、クラス {2} 種を点検しました。",
    .data_calibration = "キャリブレーション用画像 {0} 枚と内容を照合しました。",
    .data_clean = "問題は見つかりませんでした。",
    .data_failed = "データを点検できませんでした：{0}",
    .severity = {"参考", "警告", "エラー"},
    .column_finding = "項目",
    .column_severity = "種別",
    .column_examples = "例",
    .checks = kChecks,
    .environment = "実行環境",
    .environment_keys = kEnvironment,
    .commands = "再現用コマンド",
    .command_keys = kCommands,
    .guideline = "運用指針：警報しきい値",
    .guideline_note =
        "FP32 は判定しきい値 {0} "
        "で運用するものとします。クラスごとに、量子化後のモデルがその時点の FP32 "
        "と同数の物体を検出する（IoU 0.5）しきい値と、それに伴う画像 1 "
        "枚あたりの誤検出数を示します。",
    .guideline_none = "比較の対象がないため、しきい値を提示できません。",
    .guideline_reach =
        "しきい値はこれらの画像で求めたものです。運用に入れる前に、別の画像で確認してください。",
    .column_recall_before = "再現率（FP32）",
    .column_recall_same = "再現率（同じしきい値）",
    .column_threshold = "同じ再現率となるしきい値",
    .column_alarms = "1 枚あたり誤検出（FP32）",
    .column_alarms_after = "1 枚あたり誤検出（新しきい値）",
    .unreachable = "同じ再現率には到達できません（最大 {0}）",
    .footer =
        "qyolo {0} "
        "により作成。本ファイルは単独で完結しており、インターネット接続なしで閲覧できます。",
};

}  // namespace

const Texts& japanese() { return kTexts; }

}  // namespace qyolo::report

#include "results/tables.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "results/text.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::Cell;
using testing::failed_record;
using ::testing::HasSubstr;
using testing::kAffine;
using testing::kFp32;
using testing::kPwlq;
using testing::latency_record;
using testing::manifest_of;
using ::testing::Not;
using testing::run_of;

const Cell kBroken{"affine", 3, "layer"};
const Cell kWaiting{"affine", 2, "layer"};

Run fixture() {
  OrderedJson exact = accuracy_record(kFp32, 0.7452966321369515, 5420000);
  exact["memory"]["bits_per_weight"] = 32;
  OrderedJson measured = accuracy_record(kPwlq, 0.6603815905398147, 973750);
  measured["weight_error"]["sqnr_db"] = 24.34;
  measured["memory"]["region_bytes"] = 168750;
  return run_of(manifest_of({kFp32, kAffine, kPwlq, kBroken, kWaiting}),
                {exact, accuracy_record(kAffine, 0.5477753014869249, 725000), measured,
                 failed_record(kBroken, "layer a|b: the weight 17 is not finite"),
                 latency_record(kFp32, 14.2, "fp32"), latency_record(kPwlq, 14.6, "simulated")});
}

TEST(MarkdownTable, IsExactlyThis) {
  EXPECT_EQ(emit_table(fixture(), TableFormat::kMarkdown), R"(# demo

small on parts/val, 240 images.

Example CPU, 2 threads, qyolo 0.1.0, commit fedcba987654, checkpoint 0123456789ab.

| Cell                |        AP |    ΔAP | Size, MB | vs FP16 | Median, ms | Execution |
|---------------------|----------:|-------:|---------:|--------:|-----------:|-----------|
| fp32                |     74.53 |      – |    5.420 |   3.75× |      14.20 | fp32      |
| affine 4-bit filter |     54.78 | -19.75 |    0.725 |   3.75× |          – | –         |
| pwlq 4-bit filter   | **66.04** |  -8.49 |    0.974 |   3.75× |      14.60 | simulated |
| affine 3-bit layer  |    failed |      – |        – |       – |          – | –         |
| affine 2-bit layer  |   pending |      – |        – |       – |          – | –         |

- AP: COCO box AP (IoU 0.50:0.95, at most 100 detections per image) in percent over 240 images; ΔAP: points of difference to fp32.
- Bold: the best AP at its bit width.
- Size, bits per weight and the ratios count everything that a decoder needs: codes, scales, zero-points, breakpoints, one region bit per weight for piecewise-linear schemes, and what stays in floating point; the ratios say how many times smaller that is than the network as evaluated in FP16 or FP32 (below 1: larger).
- The ratio marked paper is the study's accounting (arXiv 2407.04943): to the checkpoint as stored in FP16, region bits not counted.
- SQNR: of all quantized weights; absent where they are exact.
- Latency: median and 95th percentile of one forward pass, batch 1, 320 × 320 pixels, 2 threads.
- simulated: float kernels on reconstructed weights; not the speed of integer kernels.
- Not shown (--wide, --columns): Scheme; Bits; Granularity; AP50; AP75; vs FP16, paper; vs FP32; SQNR, dB; p95, ms; Bits/weight.

## Failed or pending

- affine 3-bit layer: failed: layer a\|b: the weight 17 is not finite
- 1 of 5 cells have no result yet

## Schemes by granularity, 4 bits

| Granularity | affine, AP |      affine, ΔAP | affine, paper / true |  pwlq, AP |       pwlq, ΔAP | pwlq, paper / true |
|-------------|-----------:|-----------------:|---------------------:|----------:|----------------:|-------------------:|
| filter      |      54.78 | -19.75 (-26.5 %) |      3.926× / 3.750× | **66.04** | -8.49 (-11.4 %) |    3.926× / 3.750× |

- AP in percent, the best of the bit width in bold; ΔAP: points of difference to fp32 (74.53), in brackets in percent of it; paper / true: how many times smaller than FP16, in the paper's accounting / in truth.
- The paper's accounting (arXiv 2407.04943, our reading): the checkpoint as stored, batch norms not folded. Its convolutions' codes and group parameters plus its other values in FP16, against all its values in FP16. The bit that says in which region a piecewise-linear weight lies is not counted.
- In truth: everything that a decoder of the evaluated network needs, region bits included, against that network in FP16.
- In this run: affine 4-bit filter is 3.926× smaller than FP16 in the paper's accounting, 3.750× in truth; pwlq 4-bit filter is 3.926× smaller than FP16 in the paper's accounting, 3.750× in truth.
- The study's published pair, 3.92× (affine) and 3.86× (PWLQ) at 4 bits, is by our reading this accounting of the released YOLOv7 filter by filter with FP32 parameters, 2 per group (affine) or 5 (PWLQ): 3.926× and 3.864×. In truth, with its region bits, that PWLQ is about 3.1×.

## Published, for comparison

- published (arXiv 2407.04943, abstract): 3.92× smaller at 2.5 % loss with uniform (affine) and 3.86× at 1 % with non-uniform (PWLQ) 4-bit weights. That is the full YOLOv7, trained on COCO: not this run's network or data.

## AP by object size, bytes by part

| Cell                | AP small | AP medium |  Codes | Scales | Zero-points | Breakpoints | Regions | Unquantized |  Total |
|---------------------|---------:|----------:|-------:|-------:|------------:|------------:|--------:|------------:|-------:|
| fp32                |    25.00 |     50.00 | 5419.0 |    0.4 |         0.4 |         0.0 |     0.0 |         0.2 | 5420.0 |
| affine 4-bit filter |    25.00 |     50.00 |  724.0 |    0.4 |         0.4 |         0.0 |     0.0 |         0.2 |  725.0 |
| pwlq 4-bit filter   |    25.00 |     50.00 |  972.8 |    0.4 |         0.4 |         0.0 |   168.8 |         0.2 |  973.8 |
| affine 3-bit layer  |        – |         – |      – |      – |           – |           – |       – |           – |      – |
| affine 2-bit layer  |        – |         – |      – |      – |           – |           – |       – |           – |      – |

- Sizes in kB.
)");
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (text[at] == '|') widest = std::max(widest, length_of(text.substr(at, end - at)));
    at = end + 1;
  }
  return widest;
}

TEST(MarkdownTable, HasWhatFitsAndSaysWhatDoesNot) {
  auto run = fixture();
  run.rows[1].shown = "symmetric 8-bit filter A8 [head -> keep]";
  for (Row& row : run.rows) {
    row.delta_ap_low = -0.21;
    row.delta_ap_high = -0.186;
  }
  const std::string text = emit_table(run, TableFormat::kMarkdown, TablePart::kMain);
  EXPECT_LE(widest_line(text), 100U);
  EXPECT_THAT(text, HasSubstr("| Cell "));
  EXPECT_THAT(text, HasSubstr("| Execution "));
  EXPECT_THAT(text, HasSubstr("\n- Not shown (--wide, --columns): "));
  const std::string narrow =
      emit_table(run, TableFormat::kMarkdown, TablePart::kMain, {}, {.width = 40});
  for (const char* essential : {"| Cell ", " AP |", " ΔAP |"})
    EXPECT_THAT(narrow, HasSubstr(essential));
  EXPECT_THAT(narrow, Not(HasSubstr("| Execution")));
}

TEST(MarkdownTable, WideHasEveryColumn) {
  const std::string text =
      emit_table(fixture(), TableFormat::kMarkdown, TablePart::kMain, {}, {.wide = true});
  for (const char* header : {"Cell", "Scheme", "Bits", "Granularity", "AP50", "AP75", "Bits/weight",
                             "vs FP16, paper", "vs FP32", "SQNR, dB", "p95, ms"})
    EXPECT_THAT(text, HasSubstr(header));
  EXPECT_THAT(text, Not(HasSubstr("Not shown")));
}

TEST(MarkdownTable, HasTheColumnsThatAreAskedFor) {
  const std::string text = emit_table(fixture(), TableFormat::kMarkdown, TablePart::kMain, {},
                                      {.columns = {"size", "cell"}});
  EXPECT_THAT(text, HasSubstr("\n| Size, MB | Cell                |\n"));
  EXPECT_EQ(parse_table_columns("cell,AP,size").value(),
            (std::vector<std::string>{"cell", "AP", "size"}));
  EXPECT_THAT(parse_table_columns("cell,sise").error().message,
              AllOf(HasSubstr("the column 'sise' is unknown"), HasSubstr("did you mean 'size'?")));
}

TEST(CsvTable, IsExactlyThis) {
  EXPECT_EQ(
      emit_table(fixture(), TableFormat::kCsv),
      R"(key,label,name,scheme,granularity,status,error,latency_error,execution,precision,engine,decision,verdict,bits,baseline,activation_bits,images,detections,AP,AP50,AP75,APs,APm,APl,AR1,AR10,AR100,ARs,ARm,ARl,delta_AP,delta_AP_low,delta_AP_high,delta_AP_standard_error,delta_AP50,delta_AP50_low,delta_AP50_high,delta_AP50_standard_error,p_loss_above_tolerance,tolerance,margin,confidence,effective_images,objects,certainty_images,kl,kl_standard_error,kl_median,kl_p999,kl_max,top_detections,top_changed,top_changed_standard_error,sqnr_db,mse,true_bytes,coded_bytes,payload_bytes,scale_bytes,zero_point_bytes,breakpoint_bytes,region_bytes,correction_bytes,unquantized_bytes,paper_bytes,bits_per_weight,ratio_fp16_true,ratio_fp16_paper,ratio_fp32_true,latency_median_ms,latency_p95_ms,latency_p99_ms,latency_mean_ms,latency_stddev_ms,latency_min_ms,latency_max_ms,latency_batch,latency_height,latency_width,latency_threads
k-fp32,fp32,,fp32,,ok,,,fp32,,,,,0,true,0,240,1000,0.7452966321369515,0.9,0.8,0.25,0.5,,0.5,,,,,,0,,,,0,,,,,,,,,,,,,,,,,,,,0.5,5420000,,5419000,400,400,0,0,,200,5420000,32,3.75,3.9258,7.5,14.2,15.2,16.2,,,,,1,320,320,2
k-affine-4-filter,affine 4-bit filter,,affine,filter,ok,,,,,,,,4,false,0,240,1000,0.5477753014869249,0.9,0.8,0.25,0.5,,0.5,,,,,,-0.19752133065002664,,,,0,,,,,,,,,,,,,,,,,,,,0.5,725000,,724000,400,400,0,0,,200,725000,4.25,3.75,3.9258,7.5,,,,,,,,,,,
k-pwlq-4-filter,pwlq 4-bit filter,,pwlq,filter,ok,,,simulated,,,,,4,false,0,240,1000,0.6603815905398147,0.9,0.8,0.25,0.5,,0.5,,,,,,-0.08491504159713681,,,,0,,,,,,,,,,,,,,,,,,,24.34,0.5,973750,,972750,400,400,0,168750,,200,973750,4.25,3.75,3.9258,7.5,14.6,15.6,16.6,,,,,1,320,320,2
k-affine-3-layer,affine 3-bit layer,,affine,layer,failed,layer a|b: the weight 17 is not finite,,,,,,,3,false,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,
k-affine-2-layer,affine 2-bit layer,,affine,layer,pending,,,,,,,,2,false,0,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,
)");
}

TEST(CertaintyTable, HasMeansWithTheirErrorsAndExtremes) {
  results::Run run;
  Row baseline;
  baseline.label = "FP32";
  baseline.status = "ok";
  baseline.baseline = true;
  Row row;
  row.scheme = row.label = "affine";
  row.status = "ok";
  row.granularity = "filter";
  row.bits = 4;
  run.rows = {baseline, row};
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown, TablePart::kCertainty),
              ::testing::Not(HasSubstr("KL")));
  run.rows[1].kl = 1.25;
  run.rows[1].kl_error = 0.0625;
  run.rows[1].kl_median = 1.125;
  run.rows[1].kl_p999 = 7.5;
  run.rows[1].kl_max = 8;
  run.rows[1].top_changed = 0.0625;
  run.rows[1].top_changed_error = 0.0025;
  const std::string table = emit_table(run, TableFormat::kMarkdown, TablePart::kCertainty);
  for (const char* part : {"KL divergence, nats per image: mean", "1.250 ± 0.062 |", "7.500",
                           "8.000", "6.25 % ± 0.25", "No annotations are used."})
    EXPECT_THAT(table, HasSubstr(part));
}

TEST(LatexTable, IsExactlyThis) {
  EXPECT_EQ(emit_table(fixture(), TableFormat::kLatex, TablePart::kMain),
            R"(% Needs \usepackage{booktabs}.
\begin{table*}
\centering
\caption{demo: small on parts/val, 240 images.}
\scriptsize
\setlength{\tabcolsep}{2pt}
\makebox[\textwidth][c]{%
\begin{tabular}{@{}llrlrrrrrrrrrrrrl@{}}
\toprule
Cell & Scheme & Bits & Granularity & AP & $\Delta$AP & AP50 & AP75 & \shortstack[r]{Size\\MB} & \shortstack[r]{Bits/\\weight} & vs FP16 & \shortstack[r]{vs FP16\\paper} & vs FP32 & \shortstack[r]{SQNR\\dB} & \shortstack[r]{Median\\ms} & \shortstack[r]{p95\\ms} & Execution \\
\midrule
fp32 & fp32 & -- & -- & 74.53 & -- & 90.00 & 80.00 & 5.420 & 32.000 & 3.75$\times$ & 3.93$\times$ & 7.50$\times$ & -- & 14.20 & 15.20 & fp32 \\
affine 4-bit filter & affine & 4 & filter & 54.78 & $-19.75$ & 90.00 & 80.00 & 0.725 & 4.250 & 3.75$\times$ & 3.93$\times$ & 7.50$\times$ & -- & -- & -- & -- \\
pwlq 4-bit filter & pwlq & 4 & filter & \textbf{66.04} & $-8.49$ & 90.00 & 80.00 & 0.974 & 4.250 & 3.75$\times$ & 3.93$\times$ & 7.50$\times$ & 24.34 & 14.60 & 15.60 & simulated \\
affine 3-bit layer & affine & 3 & layer & failed & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- \\
affine 2-bit layer & affine & 2 & layer & pending & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- & -- \\
\bottomrule
\end{tabular}}
\par\smallskip\parbox{\textwidth}{\raggedright AP: COCO box AP (IoU 0.50:0.95, at most 100 detections per image) in percent over 240 images; $\Delta$AP: points of difference to fp32.}
\par\smallskip\parbox{\textwidth}{\raggedright Bold: the best AP at its bit width.}
\par\smallskip\parbox{\textwidth}{\raggedright Size, bits per weight and the ratios count everything that a decoder needs: codes, scales, zero-points, breakpoints, one region bit per weight for piecewise-linear schemes, and what stays in floating point; the ratios say how many times smaller that is than the network as evaluated in FP16 or FP32 (below 1: larger).}
\par\smallskip\parbox{\textwidth}{\raggedright The ratio marked paper is the study's accounting (arXiv 2407.04943): to the checkpoint as stored in FP16, region bits not counted.}
\par\smallskip\parbox{\textwidth}{\raggedright SQNR: of all quantized weights; absent where they are exact.}
\par\smallskip\parbox{\textwidth}{\raggedright Latency: median and 95th percentile of one forward pass, batch 1, 320 $\times$ 320 pixels, 2 threads.}
\par\smallskip\parbox{\textwidth}{\raggedright simulated: float kernels on reconstructed weights; not the speed of integer kernels.}
\par\smallskip\parbox{\textwidth}{\raggedright affine 3-bit layer: failed: layer a\textbar{}b: the weight 17 is not finite.}
\par\smallskip\parbox{\textwidth}{\raggedright 1 of 5 cells have no result yet.}
\end{table*}
)");
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(LatexTable, HasAnEnvironmentPerTable) {
  const std::string latex = emit_table(fixture(), TableFormat::kLatex);
  EXPECT_EQ(count_of(latex, "\\begin{table*}"), 3U);
  EXPECT_EQ(count_of(latex, "\\end{table*}"), 3U);
  EXPECT_EQ(count_of(latex, "\\usepackage"), 1U);
  EXPECT_THAT(latex, HasSubstr("\\caption{demo: small on parts/val, 240 images. Schemes by "
                               "granularity, 4 bits.}"));
  EXPECT_THAT(latex, HasSubstr("\nfilter & 54.78 & $-19.75$ ($-26.5$ \\%) & 3.926$\\times$ / "
                               "3.750$\\times$ & \\textbf{66.04} &"));
  EXPECT_THAT(latex, HasSubstr("{\\raggedright Published, for comparison: published (arXiv"));
}

TEST(TablePart, ChoosesOneOfTheTables) {
  const auto headings = [](const char* part) {
    return emit_table(fixture(), TableFormat::kMarkdown, parse_table_part(part).value());
  };
  EXPECT_THAT(headings("main"), AllOf(HasSubstr("| Execution"), HasSubstr("## Failed or pending"),
                                      Not(HasSubstr("## Schemes")), Not(HasSubstr("## AP"))));
  EXPECT_THAT(headings("study"), AllOf(HasSubstr("## Schemes by granularity, 4 bits"),
                                       Not(HasSubstr("SQNR")), Not(HasSubstr("## Published"))));
  EXPECT_THAT(headings("published"),
              AllOf(HasSubstr("## Published"), Not(HasSubstr("## Schemes"))));
  EXPECT_THAT(headings("parts"), AllOf(HasSubstr("## AP by"), Not(HasSubstr("SQNR"))));
  EXPECT_EQ(emit_table(fixture(), TableFormat::kCsv, TablePart::kStudy),
            emit_table(fixture(), TableFormat::kCsv));
  EXPECT_EQ(parse_table_part("mean").error().message,
            "the table 'mean' is unknown, expected one of: all, main, verdicts, study, published, "
            "parts, certainty, devices");
}

TEST(JsonTable, HoldsUnroundedNumbersAndNullForAbsentOnes) {
  const auto json = parse_json(emit_table(fixture(), TableFormat::kJson), "table");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["schema"], 1);
  EXPECT_EQ((*json)["name"], "demo");
  EXPECT_EQ((*json)["checkpoint"]["sha256"], "0123456789abcdef");
  ASSERT_EQ((*json)["rows"].size(), 5U);
  const Json& row = (*json)["rows"][2];
  EXPECT_EQ(row["AP"], 0.6603815905398147);
  EXPECT_EQ(row["delta_AP"], 0.6603815905398147 - 0.7452966321369515);
  EXPECT_EQ(row["true_bytes"].dump(), "973750");
  EXPECT_TRUE(row["APl"].is_null());
  EXPECT_TRUE((*json)["rows"][3]["AP"].is_null());
  EXPECT_EQ((*json)["rows"][3]["error"], "layer a|b: the weight 17 is not finite");
}

TEST(JsonTable, NeverHoldsNanOrInfinity) {
  auto run = fixture();
  run.rows[0].ap = std::numeric_limits<double>::quiet_NaN();
  run.rows[0].sqnr_db = std::numeric_limits<double>::infinity();
  run.rows[0].true_bytes = std::numeric_limits<double>::infinity();
  const auto json = parse_json(emit_table(run, TableFormat::kJson), "table");
  ASSERT_TRUE(json.ok());
  for (const char* key : {"AP", "sqnr_db", "true_bytes"})
    EXPECT_TRUE((*json)["rows"][0][key].is_null()) << key;
}

TEST(CsvTable, QuotesLabelsAndErrors) {
  auto run = fixture();
  run.rows[3].label = "a,\"b\"";
  run.rows[3].error = "one\ntwo";
  EXPECT_THAT(
      emit_table(run, TableFormat::kCsv),
      HasSubstr(
          "k-affine-3-layer,\"a,\"\"b\"\"\",,affine,layer,failed,\"one\ntwo\",,,,,,,3,false,"));
}

TEST(Tables, RowsAreCalledByTheirLabels) {
  auto run = fixture();
  run.rows[1].scheme = "pwlq";
  run.rows[1].shown = "keep head";
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown), HasSubstr("| keep head "));
}

TEST(Tables, ActivationBitsAreAColumnWhereAnyRowHasThem) {
  auto run = fixture();
  const auto wide = [&] {
    return emit_table(run, TableFormat::kMarkdown, TablePart::kAll, {}, {.wide = true});
  };
  EXPECT_THAT(wide(), Not(HasSubstr("Activations")));
  run.rows[1].activation_bits = 8;
  const std::string table = wide();
  EXPECT_THAT(table, HasSubstr("Activations"));
  EXPECT_THAT(table, HasSubstr("W4A8"));
  EXPECT_THAT(table, Not(HasSubstr("A0")));
  const auto json = parse_json(emit_table(run, TableFormat::kJson), "table");
  EXPECT_EQ((*json)["rows"][1]["activation_bits"], 8);
}

TEST(Tables, RowsOverDifferentImagesAreSaidToBeIncomparable) {
  auto run = fixture();
  run.rows[1].images = 120;
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown),
              HasSubstr("over 120 to 240 images, so that rows are not comparable"));
}

TEST(Tables, HostileNamesStayInTheirCells) {
  auto run = fixture();
  run.name = "x}\\input{y}\n# <b>";
  run.rows[1].shown = "a|b\x1b[31m";
  const std::string markdown = emit_table(run, TableFormat::kMarkdown);
  EXPECT_THAT(markdown, HasSubstr("| a\\|b \\[31m "));
  EXPECT_THAT(markdown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(markdown, ::testing::StartsWith("# x}\\\\input{y} # &lt;b>\n"));
  EXPECT_THAT(emit_table(run, TableFormat::kLatex),
              HasSubstr("\\caption{x\\}\\textbackslash{}input\\{y\\} \\# \\textless{}b"));
}

TEST(Tables, EmptyRunsHaveTablesToo) {
  const auto run = run_of(manifest_of({}), {});
  EXPECT_THAT(emit_table(run, TableFormat::kMarkdown), HasSubstr("No cells."));
  EXPECT_THAT(emit_table(run, TableFormat::kCsv), ::testing::StartsWith("key,label,"));
  EXPECT_THAT(emit_table(run, TableFormat::kLatex), HasSubstr("\\end{tabular}"));
  EXPECT_EQ(parse_json(emit_table(run, TableFormat::kJson), "table").value()["rows"].size(), 0U);
}

TEST(TableFormat, NamesAreThoseOfTheCommandLine) {
  EXPECT_EQ(parse_table_format("md").value(), TableFormat::kMarkdown);
  EXPECT_EQ(parse_table_format("csv").value(), TableFormat::kCsv);
  EXPECT_EQ(parse_table_format("tex").value(), TableFormat::kLatex);
  EXPECT_EQ(parse_table_format("json").value(), TableFormat::kJson);
  EXPECT_EQ(parse_table_format("html").error().message,
            "the table format 'html' is unknown, expected one of: md, csv, tex, json");
}

}  // namespace
}  // namespace qyolo::results

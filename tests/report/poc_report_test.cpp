#include "report/poc_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "datasets/doctor.h"
#include "plots/scheme_style.h"
#include "report/html_kit.h"
#include "report/plain_words.h"
#include "tests/results/device_fixture.h"

namespace qyolo::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kHostile = "<script>alert('x')</script>\"&\n";

Candidate candidate(const std::string& name, double bytes, double ap, double low, double high) {
  Candidate one;
  one.name = name;
  one.stage = Stage::kAffine;
  one.bytes = bytes;
  one.bits_per_weight = 4;
  one.ratio_fp16 = 3.5;
  one.ratio_fp32 = 7;
  one.ap = ap;
  one.delta = Difference{ap - 0.7, low, high};
  return one;
}

PocReport sample() {
  PocReport report;
  report.network = "net";
  report.dataset = "data";
  report.started = "2026-01-02T03:04:05+0000";
  report.images = 50;
  report.qyolo_version = "9.9";
  report.tolerance = 0.01;
  report.margin = 0.001;
  Candidate baseline;
  baseline.name = "FP32";
  baseline.bytes = 8e6;
  baseline.ratio_fp16 = 0.5;
  baseline.ratio_fp32 = 1;
  baseline.ap = 0.7;
  report.candidates = {baseline, candidate("small", 1e6, 0.5, -0.22, -0.18),
                       candidate("good", 2e6, 0.695, -0.008, -0.002)};
  report.candidates[1].standing = Standing::kBeyond;
  report.candidates[2].standing = Standing::kWithin;
  report.outcome = Outcome::kRecommended;
  report.subject = 2;
  report.stages = {{Stage::kBaseline, StageState::kDone}, {Stage::kFiner, StageState::kNotNeeded}};
  report.classes.push_back(
      {"nut", 12, 9, 0.6, 0.59, Difference{-0.01, -0.03, 0.01}, 0.02, true, Standing::kUndecided});
  report.changes.emplace();
  report.changes->images = 50;
  report.changes->newly_missed = 3;
  report.pictures.push_back({true, "nut", "a.jpg", 0.9, std::nullopt, 4, 3, "JPEG"});
  report.latency.push_back({"FP32", "FP32", true, 12.5, 12, 13, 9, std::nullopt});
  report.certainty = Certainty{10000, 0.95, 50, 120, 40, 0.01, std::nullopt};
  report.data.findings.push_back({"box_outside", Severity::kError, 7, {"a.jpg #3"}});
  report.environment = {{"cpu", "fast"}};
  report.commands = {{"poc", "qyolo poc"}};
  report.guideline.push_back({"nut", 12, 0.5, 0.8, 0.1, 0.7, 0.1, 0.42, 0.8, 0.3});
  return report;
}

std::size_t times(const std::string& text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1))
    ++count;
  return count;
}

TEST(PocHtml, SaysTheVerdictFirst) {
  const std::string html = emit_html(sample(), Language::kEnglish);
  EXPECT_THAT(html, HasSubstr("Yes: quantize it"));
  EXPECT_THAT(html, HasSubstr("Recommended: good. Its weights take 2.00 MB, which is 3.50 times "
                              "smaller than FP16, and it loses 0.50 points of AP."));
  EXPECT_THAT(html, HasSubstr("at most 0.80 points; allowed were 0.9 points (tolerance 1 point "
                              "minus a safety margin of 0.1 points)"));
  EXPECT_LT(html.find("id=\"verdict\""), html.find("id=\"networks\""));
}

TEST(PocHtml, EndsWithTheGuideline) {
  const std::string html = emit_html(sample(), Language::kEnglish);
  EXPECT_EQ(html.rfind("<section "), html.find("<section id=\"guideline\""));
  EXPECT_THAT(html, HasSubstr("0.420"));
}

TEST(PocHtml, RefersToNothingOutsideItself) {
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string html = emit_html(sample(), language);
    EXPECT_THAT(html, HasSubstr("default-src 'none'"));
    EXPECT_EQ(times(html, "http"),
              times(html, "http-equiv") + times(html, "xmlns=\"http://www.w3"));
    EXPECT_EQ(times(html, "src=\""), times(html, "src=\"data:image/jpeg;base64,"));
    EXPECT_THAT(html, Not(HasSubstr("@import")));
    EXPECT_THAT(html, Not(HasSubstr("url(")));
  }
}

TEST(PocHtml, EscapesWhateverComesFromFiles) {
  PocReport report = sample();
  report.network = report.dataset = kHostile;
  for (Candidate& one : report.candidates) {
    one.name += kHostile;
    one.details = one.failure = kHostile;
  }
  report.classes[0].name = kHostile;
  report.pictures[0].class_name = report.pictures[0].image = kHostile;
  report.pictures[0].shown_as = kHostile;
  report.latency[0].label = report.latency[0].precision = kHostile;
  report.data.findings[0].check = kHostile;
  report.data.findings[0].examples[0] = kHostile;
  report.environment[0] = {kHostile, kHostile};
  report.commands[0] = {kHostile, kHostile};
  report.guideline[0].name = kHostile;
  report.energy.reason = report.qyolo_version = report.started = kHostile;
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string html = emit_html(report, language);
    EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert"));
    EXPECT_EQ(times(html, "<script"), 1U);
  }
}

PocReport with_devices() {
  PocReport report = sample();
  results::Device pi = testing::device_of("pi5"), orin = testing::device_of("orin");
  orin.energy = {"", "hwmon ina3221", "sampled power", "board input: VDD_IN", 20};
  orin.rows[0] = testing::with_energy(orin.rows[0], 812);
  pi.rows.push_back(testing::device_row("bf16", testing::baseline_cell(), 1, 12));
  pi.rows[0].note = "92 convolutions on our own kernels";
  results::Run run;
  run.manifest = {{"checkpoint", {{"sha256", testing::kModelHash}}}};
  auto table = results::device_table(run, {pi, orin});
  EXPECT_TRUE(table.ok());
  report.devices = std::move(table).value();
  return report;
}

TEST(PocHtml, DevicesStandSideBySide) {
  EXPECT_THAT(emit_html(sample(), Language::kEnglish), Not(HasSubstr("id=\"devices\"")));
  const std::string html = emit_html(with_devices(), Language::kEnglish);
  EXPECT_THAT(html, HasSubstr("<section id=\"devices\""));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\" class=\"number\">pi5</th><th scope=\"col\" "
                              "class=\"number\">orin</th>"));
  EXPECT_THAT(html, HasSubstr("50.0 images/s"));
  EXPECT_THAT(html, HasSubstr("812 mJ per image"));
  EXPECT_THAT(html, HasSubstr("peak 123.5 MB"));
  EXPECT_THAT(html, HasSubstr("unquantized, in BF16"));
  EXPECT_THAT(html, HasSubstr("fp32: 92 convolutions on our own kernels"));
  EXPECT_THAT(html, HasSubstr("Energy: not readable there: no RAPL package"));
  EXPECT_THAT(html, HasSubstr("power read every 20 ms and integrated; board input: VDD_IN"));
  EXPECT_THAT(emit_html(with_devices(), Language::kJapanese), HasSubstr("各デバイスでの実測"));
}

TEST(PocHtml, NamesOfDevicesAreEscaped) {
  PocReport report = with_devices();
  for (results::Device& device : report.devices.devices) {
    device.name = device.energy.reason = device.started = kHostile;
    device.host = {{"cpu", kHostile}, {"os", kHostile}};
    device.versions = {{"qyolo", kHostile}, {"onednn", kHostile}};
    device.unsupported = {kHostile};
  }
  for (results::DeviceGroup& group : report.devices.groups) group.name = kHostile;
  for (results::DeviceTableRow& row : report.devices.rows) row.network = kHostile;
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string html = emit_html(report, language);
    EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
    EXPECT_EQ(times(html, "<script"), 1U);
  }
}

TEST(PocHtml, EveryOutcomeHasWords) {
  PocReport report = sample();
  std::set<std::string> verdicts;
  for (const Outcome outcome :
       {Outcome::kRecommended, Outcome::kUndecided, Outcome::kNone, Outcome::kBaselineUnusable}) {
    report.outcome = outcome;
    for (const Language language : {Language::kEnglish, Language::kJapanese}) {
      verdicts.insert(verdict_text(report, language));
      EXPECT_THAT(emit_html(report, language), HasSubstr("class=\"headline\""));
    }
  }
  EXPECT_EQ(verdicts.size(), 8U);
  report.outcome = Outcome::kUndecided;
  report.certainty->more_images = 1234;
  EXPECT_THAT(verdict_text(report, Language::kEnglish), HasSubstr("About 1,300 more images"));
}

TEST(PocHtml, SaysWhatASearchedNetworkIsWorthOnOtherImages) {
  PocReport report = sample();
  report.candidates[2].stage = Stage::kSearched;
  report.candidates[2].confirmation =
      results::ConfirmationRecord{80, 0.75, 0.744, Difference{-0.006, -0.012, 0.001}, ""};
  report.candidates[2].chosen_on = 160;
  Candidate uniform = candidate("simple", 3e6, 0.698, -0.004, 0.001);
  uniform.uniform = true;
  uniform.standing = Standing::kWithin;
  report.candidates.push_back(uniform);
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string verdict = verdict_text(report, language);
    for (const char* part : {"80", "160", "simple"}) EXPECT_THAT(verdict, HasSubstr(part));
    EXPECT_THAT(emit_html(report, language), HasSubstr("simple"));
  }
  EXPECT_THAT(verdict_text(report, Language::kEnglish),
              HasSubstr("It was chosen on 160 of the images. On the 80 others"));
  EXPECT_THAT(verdict_text(report, Language::kEnglish),
              HasSubstr("one recipe for all layers: simple"));

  report.candidates[2].confirmation.reset();
  EXPECT_THAT(verdict_text(report, Language::kEnglish), HasSubstr("too few to hold some out"));
  report.candidates[2].uniform = true;  // then nothing is simpler
  EXPECT_THAT(verdict_text(report, Language::kEnglish), Not(HasSubstr("one recipe for all")));
}

// Layers in network order, the last of them the head.
Candidate with_bits(const std::vector<int>& bits, std::size_t head) {
  Candidate one = candidate("mixed", 1e6, 0.69, -0.01, 0);
  for (std::size_t i = 0; i < bits.size(); ++i)
    one.layers.push_back({bits[i], i + head >= bits.size()});
  return one;
}

TEST(PlainWords, SayHowManyBitsWhichLayersHave) {
  std::vector<int> bits(40, 6);
  const auto words = [&](const Texts& texts) { return in_plain_words(with_bits(bits, 3), texts); };
  EXPECT_EQ(words(english()), "Weights in 6 bits.");
  EXPECT_EQ(words(japanese()), "重みは 6 ビット。");
  for (const std::size_t i : {0, 1, 2, 3, 37, 38, 39}) bits[i] = 8;
  EXPECT_EQ(words(english()), "Weights in 6 bits, the first four layers and the head in 8 bits.");
  EXPECT_EQ(words(japanese()), "重みは 6 ビット、先頭 4 レイヤーと検出ヘッドは 8 ビット。");
  for (const std::size_t i : {37, 38, 39}) bits[i] = 0;
  bits[20] = 4;
  EXPECT_EQ(words(english()),
            "Weights in 6 bits, the first four layers in 8 bits, the head in floating point, one "
            "other layer in 4 bits.");
  EXPECT_EQ(words(japanese()),
            "重みは 6 ビット、先頭 4 レイヤーは 8 ビット、検出ヘッドは浮動小数点のまま、ほか 1 "
            "レイヤーは 4 ビット。");
  for (std::size_t i = 0; i < 30; ++i) bits[i] = i % 2 == 0 ? 3 : 4;
  EXPECT_EQ(words(english()),
            "Weights in 3 to 6 bits, chosen layer by layer: 3 bits in 15 layers, 4 bits in 15 "
            "layers, 6 bits in 7 layers, floating point in 3 layers.");
  EXPECT_EQ(in_plain_words(Candidate(), english()), "") << "where layers are not known";
  EXPECT_EQ(in_plain_words(with_bits({0, 0}, 1), english()), "");
  Candidate activations = with_bits({8, 8}, 1);
  activations.activation_bits = 8;
  EXPECT_EQ(in_plain_words(activations, english()), "Weights in 8 bits, activations in 8 bits.");
}

TEST(PocHtml, TheRecommendationBeginsInPlainWords) {
  PocReport report = sample();
  report.candidates[2].layers = with_bits({8, 6, 6, 8}, 1).layers;
  const std::string verdict = verdict_text(report, Language::kEnglish);
  EXPECT_THAT(verdict, HasSubstr("Weights in 6 bits, the first layer and the head in 8 bits.\n"
                                 "Recommended: "));
}

TEST(PocHtml, TilesHaveRatesOfAHundredImagesOnly) {
  PocReport report = sample();
  report.changes->missed_before = 20;
  report.changes->missed_after = 22;
  EXPECT_THAT(emit_html(report, Language::kEnglish),
              HasSubstr("in 100 images; all missed: 40.0 before, 44.0 after"));
  EXPECT_THAT(emit_html(report, Language::kJapanese), HasSubstr("見逃し全体 40.0 件 → 44.0 件"));
}

TEST(PocHtml, ApStandsBesideEveryLatency) {
  PocReport report = sample();
  report.latency[0].ap = 0.7123;
  report.latency.push_back({"INT8", "INT8", true, 5, 4, 6, 9, std::nullopt});
  const std::string html = emit_html(report, Language::kEnglish);
  const std::string section = html.substr(html.find("id=\"latency\""));
  EXPECT_THAT(section, HasSubstr("71.23"));
  EXPECT_THAT(section, HasSubstr("not evaluated"));
  EXPECT_THAT(emit_html(report, Language::kJapanese), HasSubstr("未評価"));
}

TEST(PocHtml, SchemesLookAsInEveryChart) {
  PocReport report = sample();
  report.candidates[1].scheme = "kmeans";
  report.candidates[2].scheme = "pwlq";
  const std::string html = emit_html(report, Language::kEnglish);
  for (const char* scheme : {"kmeans", "pwlq"}) {
    EXPECT_THAT(html, HasSubstr(fmt::format("fill=\"{}\"", plots::style_of(scheme).colour)));
    EXPECT_THAT(html, HasSubstr(fmt::format(">{}</text>", scheme)));
  }
}

TEST(PocHtml, IsWholeWithNothingButABaseline) {
  PocReport report;
  report.candidates.emplace_back().name = "FP32";
  report.outcome = Outcome::kBaselineUnusable;
  for (const Language language : {Language::kEnglish, Language::kJapanese}) {
    const std::string html = emit_html(report, language);
    EXPECT_THAT(html, HasSubstr("</html>"));
    EXPECT_THAT(html, HasSubstr("id=\"guideline\""));
    EXPECT_THAT(html, Not(HasSubstr("nan")));
  }
}

TEST(PocHtml, TablesCarryUnroundedNumbersToSortBy) {
  const std::string html = emit_html(sample(), Language::kEnglish);
  EXPECT_THAT(html, HasSubstr("data-order=\"0.695\""));
  EXPECT_THAT(html, HasSubstr("data-order=\"2000000\""));
}

TEST(PocHtml, EveryTextIsThereInBothLanguages) {
  for (const Texts* texts : {&english(), &japanese()}) {
    std::set<std::string_view> named;
    for (const auto& [key, text] : texts->checks) named.insert(key);
    EXPECT_EQ(named.size(), texts->checks.size());
    for (std::size_t check = 0; check < datasets::kChecks; ++check)
      EXPECT_TRUE(named.contains(datasets::text_of(static_cast<datasets::Check>(check)).name))
          << datasets::text_of(static_cast<datasets::Check>(check)).name;
    EXPECT_EQ(named.size(), datasets::kChecks);
    for (const auto& [key, text] : texts->checks) EXPECT_FALSE(text.empty()) << key;
    EXPECT_EQ(texts->environment_keys.size(), english().environment_keys.size());
    EXPECT_EQ(texts->command_keys.size(), english().command_keys.size());
    for (std::size_t i = 0; i < texts->checks.size(); ++i)
      EXPECT_EQ(texts->checks[i].first, english().checks[i].first);
  }
}

TEST(PocChart, ShowsEveryNetworkWithANumberAndATooltip) {
  const std::string chart = pareto_chart(sample(), english(), "c", 960, 440);
  EXPECT_THAT(chart, HasSubstr("<title>2 good: 2.00 MB, AP 69.50 (−0.50)</title>"));
  EXPECT_THAT(chart, HasSubstr("1 (AP 50.0)"));  // far below the tolerance: at the lower edge
  EXPECT_TRUE(is_clipped(sample(), english()));
  EXPECT_THAT(chart, HasSubstr("role=\"img\""));
}

TEST(PocReport, SmallNumbersAndADisturbedHostAreCautions) {
  PocReport report = sample();
  for (const Language language : {Language::kEnglish, Language::kJapanese})
    EXPECT_THAT(verdict_text(report, language), ::testing::Not(HasSubstr("24")));
  EXPECT_THAT(emit_html(report, Language::kEnglish),
              ::testing::Not(HasSubstr("not to be trusted")));
  report.images = 24;
  report.classes.front().objects = 9;
  report.latency_doubtful = true;
  EXPECT_THAT(verdict_text(report, Language::kEnglish),
              AllOf(HasSubstr("Caution: 24 images are few"), HasSubstr("about them: nut.")));
  EXPECT_THAT(verdict_text(report, Language::kJapanese), HasSubstr("画像が 24 枚と少ない"));
  EXPECT_THAT(emit_html(report, Language::kEnglish),
              HasSubstr("These times are not to be trusted"));
}

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64(std::string("\xff\xfe\0", 3)), "//4A");
}

}  // namespace
}  // namespace qyolo::report

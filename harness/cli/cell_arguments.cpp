#include "harness/cli/cell_arguments.h"

#include "harness/cell/cell_options.h"
#include "harness/cli/command_usage.h"

namespace qyolo::cli {

void CellArguments::add_to(CLI::App& command) {
  std::vector<std::string> schemes = {"fp32"};
  for (const quant::Scheme* known : quant::all_schemes()) schemes.emplace_back(known->name());
  std::vector<std::string> granularities;
  for (const auto& known : quant::Granularity::all()) granularities.emplace_back(known.name);
  command.add_option("--scheme", scheme, "Quantization scheme")
      ->check(offered(schemes))
      ->capture_default_str();
  command.add_option("--bits", bits, "Bits per code, 2 to 8")->capture_default_str();
  command.add_option("--granularity", granularity, "Which weights share parameters")
      ->check(offered(granularities))
      ->capture_default_str();
  command.add_option("--keep", keep,
                     "Leave layers in floating point: a regular expression for the whole name");
  command
      .add_option(
          "--rule", rules,
          "How some layers differ, the first match wins: \"1x1 -> filter\", \"index=0-10 -> "
          "scheme=pwlq, bits=8\", \"name=model\\.105\\..* -> keep\"; conditions: kernel, "
          "name, index, type, head, group_size; repeatable")
      ->take_all();
  for (const harness::CellOption& option : harness::cell_options()) {
    CLI::Option* added = command.add_option_function<std::string>(
        harness::flag_of(option.name),
        [this, name = option.name](const std::string& text) { options[name] = text; }, option.help);
    if (option.values.empty()) {
      added->type_name("INT");
    } else {
      added->check(offered(option.values));
    }
  }
}

void CalibrationArguments::add_to(CLI::App& command) {
  command
      .add_option("--calibration", set.images,
                  "Folder of images that activation ranges and calibrated rounding come from (no "
                  "annotations needed)")
      ->type_name(kFolderType);
  command
      .add_option("--calibration-limit", set.limit, "Only its first N images by file name (0: all)")
      ->check(CLI::NonNegativeNumber);
}

Result<std::optional<harness::CalibrationSet>> CalibrationArguments::for_cell(
    const harness::Cell& cell) const {
  if (!set.images.empty()) return std::optional(set);
  if (cell.activations)
    return error("--activation-bits needs --calibration FOLDER, images to find the ranges on");
  if (cell.calibrated())
    return error("calibrated rounding needs --calibration FOLDER, images to look at inputs on");
  return std::optional<harness::CalibrationSet>();
}

}  // namespace qyolo::cli

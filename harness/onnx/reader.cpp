#include "harness/onnx/reader.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/artifact/quantized_network.h"
#include "harness/model/printable.h"
#include "harness/onnx/description.h"
#include "harness/onnx/graph_plan.h"
#include "harness/onnx/metadata.h"
#include "harness/onnx/model_file.h"
#include "harness/onnx/weight_form.h"

namespace qyolo::harness {
namespace {

constexpr std::size_t kMostDescription = std::size_t{16} << 20;
constexpr const char* kChanged = ": it was changed, or another version of qyolo wrote it";
constexpr std::size_t kMostMessage = std::size_t{1} << 16;

// Operations that networks of qyolo's own are made of.
constexpr std::string_view kOperationNames[] = {"Add",
                                                "Cast",
                                                "Clip",
                                                "Concat",
                                                "Conv",
                                                "DequantizeLinear",
                                                "Gather",
                                                "GatherND",
                                                "LeakyRelu",
                                                "MatMul",
                                                "MaxPool",
                                                "Mul",
                                                "NonMaxSuppression",
                                                "QuantizeLinear",
                                                "Range",
                                                "Relu",
                                                "Reshape",
                                                "Resize",
                                                "Shape",
                                                "Sigmoid",
                                                "Slice",
                                                "Split",
                                                "Sub",
                                                "Transpose",
                                                "Unsqueeze"};

Error foreign(const RawModel& model) {
  const auto operations = operations_of(model);
  if (!operations.ok()) return operations.error();
  std::vector<std::string> others;
  for (const std::string& operation : *operations)
    if (std::ranges::find(kOperationNames, operation) == std::end(kOperationNames))
      others.push_back(operation);
  constexpr std::size_t kNamed = 5;
  std::string has = fmt::format("{} nodes", model.nodes.size());
  if (!others.empty()) {
    const std::size_t named = std::min(others.size(), kNamed);
    has += fmt::format(
        ", {}{} among them, which no network of qyolo's has",
        fmt::join(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(named), ", "),
        others.size() > named ? " and others" : "");
  }
  const std::string producer = model.producer.empty()
                                   ? std::string("an unnamed program")
                                   : "'" + model::printable(model.producer) + "'";
  return error(
      "an ONNX file by {} ({}); expected one that `qyolo export` has written, or the checkpoint it "
      "was exported from",
      producer, has);
}

// Whether a message is the one expected, as it is or encoded in another order.
template <class Message>
bool is_message(std::string_view bytes, const Message& expected) {
  const std::string wanted = expected.SerializeAsString();
  if (bytes == wanted) return true;
  Message found;
  return bytes.size() <= kMostMessage &&
         found.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
         found.SerializeAsString() == wanted;
}

template <class Message>
Status check_messages(const std::vector<std::string_view>& found,
                      const std::vector<Message>& expected, const char* what) {
  if (found.size() != expected.size()) {
    return error("the graph has {} {}s, and its description calls for {}{}", found.size(), what,
                 expected.size(), kChanged);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (is_message(found[i], expected[i])) continue;
    return error("the graph's {} {} is not the '{}' that its description calls for{}", what, i,
                 model::printable(expected[i].name()), kChanged);
  }
  return {};
}

class OnnxLoader {
 public:
  OnnxLoader(const RawModel& model, const OnnxDescription& description, const GraphPlan& plan)
      : model_(model), description_(description), plan_(plan) {}

  Result<Artifact> load() {
    QYOLO_CHECK_OK(check_structure());
    QYOLO_CHECK_OK(check_tensors());
    Artifact loaded;
    loaded.onnx = true;
    loaded.graph = description_.graph;
    loaded.cell = description_.cell;
    loaded.cell.artifact = true;
    loaded.checkpoint_sha256 = description_.checkpoint_sha256;
    loaded.qyolo_version = description_.qyolo_version;
    if (description_.activations) loaded.activations = description_.activations->calibrated;
    const std::vector<int> nodes = loaded.graph.conv_nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      model::ConvNode& conv = loaded.graph.conv(nodes[i]);
      if (Status status = fill(conv, i); !status.ok())
        return error("{}: {}", conv.name, status.error().message);
      if (loaded.activations && is_integer(conv, i)) loaded.integers[nodes[i]] = integers(conv);
    }
    for (const RawTensor& tensor : model_.tensors)
      loaded.sizes.data += static_cast<std::int64_t>(tensor.data.size());
    return loaded;
  }

 private:
  [[nodiscard]] Status check_structure() const {
    const std::vector<std::pair<std::string_view, std::int64_t>> opsets = {{"", plan_.opset}};
    if (model_.other_fields || model_.ir_version != plan_.ir_version || model_.opsets != opsets)
      return error(
          "its versions or the kinds of things in it are not what its description calls "
          "for{}",
          kChanged);
    QYOLO_CHECK_OK(check_messages(model_.nodes, plan_.nodes, "node"));
    QYOLO_CHECK_OK(check_messages(model_.inputs, plan_.inputs, "input"));
    return check_messages(model_.outputs, plan_.outputs, "output");
  }

  Status check_tensors() {
    for (const RawTensor& tensor : model_.tensors) {
      const std::string name = model::printable(tensor.name);
      if (tensor.elsewhere)
        return error(
            "the tensor {} lies in another file; qyolo writes and reads files of one piece", name);
      if (!found_.emplace(tensor.name, &tensor).second)
        return error("the tensor {} is there twice", name);
    }
    if (found_.size() != plan_.tensors.size())
      return error("the graph has {} tensors, and its description calls for {}{}", found_.size(),
                   plan_.tensors.size(), kChanged);
    Sha256 sum;
    for (const PlannedTensor& planned : plan_.tensors) {
      const auto found = found_.find(planned.name);
      if (found == found_.end()) return error("the tensor {} is missing", planned.name);
      const RawTensor& tensor = *found->second;
      QYOLO_TRY(const std::int64_t bytes, bytes_of(planned));
      if (tensor.type != planned.type || tensor.dims != planned.dims ||
          std::cmp_not_equal(tensor.data.size(), bytes)) {
        return error("the tensor {} does not have the type or size that its layer calls for",
                     planned.name);
      }
      sum.update(tensor.data);
    }
    const auto expected = model_.metadata.find(kOnnxTensorSum);
    if (expected == model_.metadata.end() || expected->second != sum.hex())
      return error("the tensors do not match their checksum: the file is damaged");
    return {};
  }

  [[nodiscard]] std::string_view data(const std::string& name) const {
    const auto found = found_.find(name);
    return found == found_.end() ? std::string_view() : found->second->data;
  }

  Status fill(model::ConvNode& conv, std::size_t index) const {
    const WeightForm& form = description_.weights[index];
    QYOLO_TRY(conv.bias, decode_floats(data(conv.name + ".bias"), form.half_bias));
    if (!form.codes()) {
      QYOLO_TRY(conv.weight, decode_floats(data(conv.name + ".weight"),
                                           form.storage == WeightStorage::kFloat16));
      return {};
    }
    const quant::LayerTraits traits = traits_of(conv);
    const quant::Recipe& recipe = *description_.cell.recipe_for(traits);
    const CodeView view = *code_view(recipe, traits.shape, description_.options.target);
    const StoredCodes stored{data(conv.name + ".codes"), data(conv.name + ".scales"),
                             data(conv.name + ".zero_points")};
    QYOLO_TRY(conv.weight, decode_codes(stored, form, view, recipe, traits.shape));
    return {};
  }

  [[nodiscard]] bool is_integer(const model::ConvNode& conv, std::size_t index) const {
    const WeightForm& form = description_.weights[index];
    if (form.storage != WeightStorage::kInt8 || form.zero_points) return false;
    const quant::LayerTraits traits = traits_of(conv);
    return code_view(*description_.cell.recipe_for(traits), traits.shape,
                     description_.options.target)
        ->own_axes;
  }

  // REQUIRES: a convolution of integers that has been filled.
  [[nodiscard]] IntegerWeights integers(const model::ConvNode& conv) const {
    const std::string_view codes = data(conv.name + ".codes");
    IntegerWeights made;
    made.codes.assign(codes.begin(), codes.end());
    made.scales = decode_floats(data(conv.name + ".scales"), false).value();
    if (made.scales.size() == 1)
      made.scales.resize(static_cast<std::size_t>(conv.filters), made.scales.front());
    return made;
  }

  const RawModel& model_;
  const OnnxDescription& description_;
  const GraphPlan& plan_;
  std::map<std::string_view, const RawTensor*> found_;
};

Result<Artifact> load(std::string_view bytes) {
  QYOLO_TRY(const RawModel model, parse_onnx_model(bytes));
  const auto text = model.metadata.find(kOnnxDescription);
  if (text == model.metadata.end()) return foreign(model);
  if (text->second.size() > kMostDescription)
    return error("its description has more than {} MB", kMostDescription >> 20U);
  QYOLO_TRY(const Json json, parse_json(text->second, "the description", DuplicateKeys::kRefused));
  QYOLO_TRY(const OnnxDescription description, read_onnx_description(json, "the description"));
  QYOLO_TRY(const GraphPlan plan, make_graph_plan(description));
  QYOLO_TRY(Artifact loaded, OnnxLoader(model, description, plan).load());
  loaded.sizes.header = static_cast<std::int64_t>(bytes.size()) - loaded.sizes.data;
  return loaded;
}

}  // namespace

bool is_onnx(const std::filesystem::path& path) {
  if (path.extension() == ".onnx") return true;
  const auto file = MappedFile::open(path);
  if (!file.ok() || file->bytes().size() < 3) return false;
  const auto byte = [&](std::size_t i) { return std::to_integer<int>(file->bytes()[i]); };
  // ir_version, one byte, and then the producer's name.
  return byte(0) == 0x08 && byte(1) > 0 && byte(1) < 0x80 && byte(2) == 0x12;
}

Result<Artifact> load_onnx(const std::filesystem::path& path) {
  QYOLO_TRY(const MappedFile file, MappedFile::open(path));
  return load_onnx(file.bytes(), path.string());
}

Result<Artifact> load_onnx(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Result<Artifact> loaded = load(text);
  if (!loaded.ok()) return error("{}: {}", name, loaded.error().message);
  return loaded;
}

}  // namespace qyolo::harness

#include "harness/model/stored_values.h"

#include <algorithm>
#include <cstddef>
#include <unordered_set>
#include <utility>
#include <vector>

namespace qyolo::model {
namespace {

// Far above any real network (e6e: some 1000 modules, 5 levels, 2000 tensors): limits to the time a
// hostile file can take.
constexpr std::size_t kMaxModules = 1 << 14;
constexpr std::size_t kMaxTensors = 1 << 17;
constexpr int kMaxDepth = 32;

Status count_module(Graph& graph, const ModuleRecord& module, const TensorReader& reader) {
  for (const auto& [name, tensor] : module.tensors()) {
    if (!TensorReader::is_floating(tensor->storage)) continue;
    QYOLO_TRY(const std::int64_t values, reader.check(*tensor, module.path_of(name)));
    graph.stored_values += values;
    if (name == "weight" && is_stored_conv(module)) {
      const auto& size = tensor->size;
      graph.stored_convs.push_back({module.path(), size[0], size[1], size[2], size[3]});
      graph.stored_conv_weights += values;
    }
  }
  return {};
}

}  // namespace

bool is_stored_conv(const ModuleRecord& module) {
  const TensorRef* weight = module.find_tensor("weight");
  return module.is("torch.nn.modules.conv", "Conv2d") && weight != nullptr &&
         TensorReader::is_floating(weight->storage) && weight->size.size() == 4;
}

Result<std::vector<ModuleRecord>> all_modules(const ModuleRecord& network) {
  std::vector<std::pair<ModuleRecord, int>> waiting = {{network, 0}};  // with depth
  std::unordered_set<const Value*> seen = {&network.value()};
  std::vector<ModuleRecord> modules;
  std::size_t tensors = 0;
  while (!waiting.empty()) {
    auto [module, depth] = std::move(waiting.back());
    waiting.pop_back();
    tensors += module.tensors().size();
    if (seen.size() > kMaxModules || tensors > kMaxTensors || depth > kMaxDepth)
      return module.complain("the network has more modules or tensors than any real one");
    QYOLO_TRY(const std::vector<ModuleRecord> children, module.children());
    for (auto child = children.rbegin(); child != children.rend(); ++child)
      if (seen.insert(&child->value()).second) waiting.emplace_back(*child, depth + 1);
    modules.push_back(std::move(module));
  }
  return modules;
}

Status count_stored_values(Graph& graph, const ModuleRecord& network, const TensorReader& reader) {
  QYOLO_TRY(const std::vector<ModuleRecord> modules, all_modules(network));
  for (const ModuleRecord& module : modules) QYOLO_CHECK_OK(count_module(graph, module, reader));
  return {};
}

}  // namespace qyolo::model

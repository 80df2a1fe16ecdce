#include "harness/model/head.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/ids.h"
#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

constexpr std::string_view kHeadModule = "models.yolo";

struct HeadShape {
  std::int64_t levels = 0, anchors = 0, classes = 0;
};

Result<HeadShape> read_shape(const ModuleRecord& head) {
  QYOLO_TRY(const std::int64_t levels, head.integer("nl", 1, 16));
  QYOLO_TRY(const std::int64_t anchors, head.integer("na", 1, 64));
  QYOLO_TRY(const std::int64_t classes, head.integer("nc", 1, 10000));
  QYOLO_TRY(const std::int64_t outputs, head.integer("no", 6, 10005));
  if (outputs != classes + 5)
    return head.complain("{} outputs per anchor do not fit {} classes", outputs, classes);
  return HeadShape{levels, anchors, classes};
}

// One stride per level, in pixels.
Result<std::vector<float>> read_strides(const ModuleRecord& head, const ModuleRecord& network,
                                        std::int64_t levels, TensorReader& reader) {
  constexpr float kMaxStride = 1024;
  const Value* stride = head.attribute("stride");
  if (stride == nullptr || stride->as<TensorRef>() == nullptr) stride = network.attribute("stride");
  if (stride == nullptr || stride->as<TensorRef>() == nullptr)
    return head.complain("the tensor stride is missing");
  QYOLO_TRY(std::vector<float> strides,
            reader.read(*stride->as<TensorRef>(), head.path() + ".stride"));
  const bool plausible = std::ranges::all_of(strides, [](float value) {
    return value >= 1 && value <= kMaxStride && value == std::floor(value);
  });
  if (strides.size() != static_cast<std::size_t>(levels) || !plausible) {
    return head.complain("expected {} strides, whole numbers from 1 to {}, found [{}]", levels,
                         kMaxStride, fmt::join(strides, ", "));
  }
  return strides;
}

// Width and height in pixels of each anchor of each level, [levels, anchors, 2]: the buffer
// anchor_grid.
Result<std::vector<float>> read_anchors(const ModuleRecord& head, const HeadShape& shape,
                                        TensorReader& reader) {
  QYOLO_TRY(const TensorRef* grid, head.tensor("anchor_grid"));
  QYOLO_TRY(std::vector<float> anchors, reader.read(*grid, head.path() + ".anchor_grid"));
  const bool positive = std::ranges::all_of(anchors, [](float value) { return value > 0; });
  const auto expected = static_cast<std::size_t>(shape.levels * shape.anchors * 2);
  if (anchors.size() != expected || !positive) {
    return head.complain("anchor_grid: expected {} positive values ({} levels, {} anchors)",
                         expected, shape.levels, shape.anchors);
  }
  return anchors;
}

// Well-formed UTF-8 (RFC 3629) without control characters.
bool is_plain_text(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                    ? 1
                               : lead >= 0xC2 && lead <= 0xDF ? 2
                               : lead >= 0xE0 && lead <= 0xEF ? 3
                               : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                              : 0;
    if (length == 0 || length > text.size() - i || lead < 0x20 || lead == 0x7F) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      const unsigned low = k > 1 ? 0x80U : lead == 0xE0 ? 0xA0U : lead == 0xF0 ? 0x90U : 0x80U;
      const unsigned high = k > 1 ? 0xBFU : lead == 0xED ? 0x9FU : lead == 0xF4 ? 0x8FU : 0xBFU;
      if (next < low || next > high) return false;
    }
    i += length;
  }
  return true;
}

// What Python's str() makes of a scalar; nothing of anything else.
std::optional<std::string> as_text(const Value& value) {
  if (const auto* text = value.as<std::string_view>()) return std::string(*text);
  if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
  if (const auto* flag = value.as<bool>()) return *flag ? "True" : "False";
  if (value.as<None>() != nullptr) return "None";
  if (const auto* number = value.as<double>()) {
    const std::string text = fmt::format("{}", *number);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  return std::nullopt;
}

// Names as a list or a tuple, or as a dict from class index to name (a number, or its text); by
// class.
std::map<std::int64_t, std::string> indexed_names(const Value* names) {
  std::map<std::int64_t, std::string> by_class;
  const auto add = [&](std::int64_t index, const Value* name) {
    if (auto text = as_text(*name)) by_class[index] = std::move(*text);
  };
  const List* list = names == nullptr ? nullptr : names->as<List>();
  const Tuple* tuple = names == nullptr ? nullptr : names->as<Tuple>();
  const Dict* dict = names == nullptr ? nullptr : names->as<Dict>();
  if (list != nullptr || tuple != nullptr) {
    std::int64_t index = 0;
    for (const Value* item : list != nullptr ? list->items : tuple->items) add(index++, item);
  } else if (dict != nullptr) {
    for (const auto& [key, value] : dict->items) {
      std::int64_t index = 0;
      const auto* text = key->as<std::string_view>();
      if (const auto* number = key->as<std::int64_t>()) {
        add(*number, value);
      } else if (text != nullptr && is_plain_integer(*text, index)) {
        add(index, value);
      }
    }
  }
  return by_class;
}

Result<std::vector<std::string>> read_names(const ModuleRecord& network, std::int64_t classes) {
  const auto by_class = indexed_names(network.attribute("names"));
  const bool complete = static_cast<std::int64_t>(by_class.size()) == classes &&
                        by_class.begin()->first == 0 && by_class.rbegin()->first == classes - 1;
  if (!complete) {
    return error("the network has {} classes, but its names are not as many texts or numbers",
                 classes);
  }
  std::vector<std::string> names;
  for (const auto& [index, name] : by_class) {
    if (!is_plain_text(name))
      return error("the name of class {} is not plain UTF-8 text: '{}'", index, printable(name));
    names.emplace_back(name);
  }
  return names;
}

// A head that the official code fused before saving has its implicit knowledge in its weights
// already, and still carries the modules: what tells is its replaced forward().
bool implicit_is_folded(const ModuleRecord& head) {
  const Value* forward = head.attribute("forward");
  const Object* method = forward == nullptr ? nullptr : forward->as<Object>();
  const Tuple* arguments =
      method == nullptr || method->arguments == nullptr ? nullptr : method->arguments->as<Tuple>();
  if (arguments == nullptr || arguments->items.size() != 2) return false;
  const auto* name = arguments->items[1]->as<std::string_view>();
  return name != nullptr && *name == "fuseforward";
}

Result<std::vector<ModuleRecord>> level_modules(const ModuleRecord& head, std::string_view name,
                                                std::int64_t levels) {
  QYOLO_TRY(const ModuleRecord list, head.child(name));
  QYOLO_TRY(std::vector<ModuleRecord> modules, list.children());
  if (static_cast<std::int64_t>(modules.size()) != levels)
    return list.complain("expected one module per level ({}), found {}", levels, modules.size());
  return modules;
}

}  // namespace

bool is_head(const ModuleRecord& module) {
  return module.is(kHeadModule, "Detect") || module.is(kHeadModule, "IDetect") ||
         module.is(kHeadModule, "IAuxDetect");
}

Status add_head(Plan& plan, const Layer& layer, const ModuleRecord& network, TensorReader& reader) {
  const ModuleRecord& head = layer.record;
  QYOLO_TRY(const HeadShape shape, read_shape(head));
  QYOLO_TRY(const std::vector<float> strides, read_strides(head, network, shape.levels, reader));
  QYOLO_TRY(const std::vector<float> anchors, read_anchors(head, shape, reader));
  QYOLO_TRY(const std::vector<ModuleRecord> convs, level_modules(head, "m", shape.levels));

  // IAuxDetect's second half of inputs feeds m2, which only training uses.
  const bool auxiliary = head.is(kHeadModule, "IAuxDetect");
  const std::size_t expected_inputs = convs.size() * (auxiliary ? 2 : 1);
  if (layer.inputs.size() != expected_inputs) {
    return head.complain("expected {} inputs for {} levels, found {}", expected_inputs,
                         shape.levels, layer.inputs.size());
  }
  std::vector<ModuleRecord> add, multiply;
  if (!head.is(kHeadModule, "Detect") && !implicit_is_folded(head)) {
    QYOLO_TRY(add, level_modules(head, "ia", shape.levels));
    QYOLO_TRY(multiply, level_modules(head, "im", shape.levels));
  }

  plan.graph.head_type = printable(head.type().name);
  for (std::size_t level = 0; level < convs.size(); ++level) {
    ConvSource source{convs[level]};
    if (!add.empty()) {
      source.implicit_add = add[level];
      source.implicit_multiply = multiply[level];
    }
    const ConvOptions options{convs[level].path(), Activation::kIdentity, 0, true};
    QYOLO_TRY(const int node,
              add_conv(plan, layer, std::move(source), layer.inputs[level], options));
    const std::int64_t filters = plan.graph.conv(node).filters;
    if (filters != shape.anchors * (shape.classes + 5)) {
      return convs[level].complain("{} filters do not fit {} anchors of {} classes", filters,
                                   shape.anchors, shape.classes);
    }
    HeadLevel output{node, strides[level], {}};
    for (std::int64_t anchor = 0; anchor < shape.anchors; ++anchor) {
      const std::size_t at =
          (level * static_cast<std::size_t>(shape.anchors) + static_cast<std::size_t>(anchor)) * 2;
      output.anchors.push_back({anchors[at], anchors[at + 1]});
    }
    plan.graph.head.push_back(std::move(output));
  }
  plan.graph.max_stride = static_cast<int>(std::ranges::max(strides));
  QYOLO_TRY(plan.graph.class_names, read_names(network, shape.classes));
  return {};
}

}  // namespace qyolo::model

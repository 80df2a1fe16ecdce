#include <string>
#include <utility>
#include <vector>

#include "harness/onnx/graph_plan.h"

namespace qyolo::harness {
namespace {

using onnx::TensorProto;

// From raw values to rows, as the official head does (model/postprocess.h):
//   xy = (2 sigmoid(t) - 0.5 + cell) stride, wh = (2 sigmoid(t))^2 anchor
class HeadPlanner {
 public:
  HeadPlanner(const OnnxDescription& description, GraphPlan& plan)
      : graph_(description.graph),
        options_(description.options),
        outputs_(static_cast<std::int64_t>(graph_.class_names.size()) + 5),
        plan_(plan),
        write_(plan) {}

  void raw(const std::vector<std::string>& levels, const std::vector<model::MapShape>& maps) {
    for (std::size_t k = 0; k < levels.size(); ++k) {
      const auto anchors = static_cast<std::int64_t>(graph_.head[k].anchors.size());
      plan_.outputs.push_back(
          value_info(levels[k], TensorProto::FLOAT,
                     {{options_.batch, "batch"},
                      {anchors * outputs_, ""},
                      {maps.empty() ? 0 : maps[k].height, fmt::format("rows.{}", k)},
                      {maps.empty() ? 0 : maps[k].width, fmt::format("columns.{}", k)}}));
    }
  }

  // The name of [batch, rows, outputs], and how many rows there are (0: any number).
  std::pair<std::string, std::int64_t> rows(const std::vector<std::string>& levels,
                                            const std::vector<model::MapShape>& maps,
                                            const std::string& name) {
    std::vector<std::string> parts;
    std::int64_t count = 0;
    for (std::size_t k = 0; k < levels.size(); ++k) {
      parts.push_back(level_rows(k, levels[k], maps.empty() ? nullptr : &maps[k]));
      if (maps.empty()) continue;
      count +=
          static_cast<std::int64_t>(graph_.head[k].anchors.size()) * maps[k].height * maps[k].width;
    }
    const std::string value = write_.node("Concat", parts, name);
    write_.integer("axis", 1);
    return {value, count};
  }

  void boxes(const std::string& rows, std::int64_t count) {
    plan_.outputs.push_back(value_info(
        rows, TensorProto::FLOAT, {{options_.batch, "batch"}, {count, "rows"}, {outputs_, ""}}));
  }

  // Class by class, as the official evaluation; the number of detections is limited per class.
  void detections(const std::string& rows) {
    const std::int64_t classes = outputs_ - 5;
    const std::string place = split(rows, "nms", {4, 1, classes}, 2);
    std::string scores = "nms/confidence";
    // The class score of a network of one class is untrained in the official code.
    if (classes > 1) scores = write_.node("Mul", {"nms/classes", "nms/confidence"}, "nms/products");
    scores = write_.node("Transpose", {scores}, "nms/scores");
    write_.integers("perm", {0, 2, 1});
    const std::string chosen = write_.node(
        "NonMaxSuppression",
        {place, scores, write_.int64s("nms.max_per_class", {1}, {options_.max_per_class}),
         write_.floats("nms.iou", {1}, {static_cast<float>(options_.iou)}),
         write_.floats("nms.confidence", {1}, {static_cast<float>(options_.confidence)})},
        "nms/chosen");
    write_.integer("center_point_box", 1);
    const auto column = [&](std::int64_t index, const std::string& name) {
      std::string value = write_.node(
          "Gather", {chosen, write_.int64s(fmt::format("nms.column.{}", index), {1}, {index})},
          name);
      write_.integer("axis", 1);
      return value;
    };
    const auto as_floats = [&](const std::string& value) {
      std::string made = write_.node("Cast", {value}, value + "/float");
      write_.integer("to", TensorProto::FLOAT);
      return made;
    };
    const std::string image = column(0, "nms/image");
    const std::string class_index = column(1, "nms/class");
    const std::string row = column(2, "nms/row");
    const std::string where = write_.node("Concat", {image, row}, "nms/image_row");
    write_.integer("axis", 1);
    const std::string boxes = write_.node("GatherND", {place, where}, "nms/boxes");
    // Centre and size to corners.
    const std::string corners = write_.node(
        "MatMul",
        {boxes, write_.floats("nms.corners", {4, 4},
                              {1, 0, 1, 0, 0, 1, 0, 1, -0.5F, 0, 0.5F, 0, 0, -0.5F, 0, 0.5F})},
        "nms/corners");
    const std::string flat = write_.node("GatherND", {scores, chosen}, "nms/chosen_scores");
    const std::string score =
        write_.node("Unsqueeze", {flat, write_.int64s("nms.axis", {1}, {1})}, "nms/score");
    const std::string all = write_.node(
        "Concat", {as_floats(image), corners, as_floats(class_index), score}, "detections");
    write_.integer("axis", 1);
    plan_.outputs.push_back(value_info(all, TensorProto::FLOAT, {{0, "detections"}, {7, ""}}));
  }

 private:
  // Three parts along an axis: NAME/place, NAME/confidence, NAME/classes. Returns the first.
  std::string split(const std::string& value, const std::string& name,
                    const std::vector<std::int64_t>& sizes, std::int64_t axis) {
    const std::string parts = write_.int64s(name + ".parts", {3}, sizes);
    write_.node("Split", {value, parts}, name + "/place");
    write_.output(name + "/confidence");
    write_.output(name + "/classes");
    write_.integer("axis", axis);
    return name + "/place";
  }

  std::string level_rows(std::size_t k, const std::string& raw, const model::MapShape* map) {
    const model::HeadLevel& level = graph_.head[k];
    const auto anchors = static_cast<std::int64_t>(level.anchors.size());
    const std::string name = fmt::format("level.{}", k);
    const auto part = [&](const char* what) { return fmt::format("{}/{}", name, what); };
    std::string columns, rows;
    const std::string cells = plan_cells(name, raw, anchors, map, columns, rows);
    const std::string last = write_.node("Transpose", {cells}, part("transposed"));
    write_.integers("perm", {0, 1, 3, 4, 2});
    const std::string sigmoid = write_.node("Sigmoid", {last}, part("sigmoid"));
    const std::string parts = write_.int64s("level.parts", {3}, {2, 2, outputs_ - 4});
    write_.node("Split", {sigmoid, parts}, part("xy"));
    write_.output(part("wh"));
    write_.output(part("scores"));
    write_.integer("axis", 4);

    const std::string two = write_.floats("two", {}, {2});
    std::string xy = write_.node("Mul", {part("xy"), two}, part("xy_doubled"));
    xy = write_.node("Add", {xy, columns}, part("xy_columns"));
    xy = write_.node("Add", {xy, rows}, part("xy_rows"));
    const std::string stride =
        write_.floats(name + ".stride", {}, {static_cast<float>(level.stride)});
    xy = write_.node("Mul", {xy, stride}, part("centres"));

    std::vector<float> sizes;
    for (const auto& [width, height] : level.anchors) {
      sizes.push_back(width);
      sizes.push_back(height);
    }
    const std::string anchor_sizes = write_.floats(name + ".anchors", {1, anchors, 1, 1, 2}, sizes);
    std::string wh = write_.node("Mul", {part("wh"), two}, part("wh_doubled"));
    wh = write_.node("Mul", {wh, wh}, part("wh_squared"));
    wh = write_.node("Mul", {wh, anchor_sizes}, part("extents"));

    const std::string all = write_.node("Concat", {xy, wh, part("scores")}, part("decoded"));
    write_.integer("axis", 4);
    return write_.node("Reshape", {all, write_.int64s("rows.shape", {3}, {0, -1, outputs_})},
                       part("rows"));
  }

  // [batch, anchors, outputs, ny, nx]; and what is added to the centres in units of cells, from the
  // cell's column [1, 1, 1, nx, 2] (with the -0.5 of both) and row [1, 1, ny, 1, 2].
  std::string plan_cells(const std::string& name, const std::string& raw, std::int64_t anchors,
                         const model::MapShape* map, std::string& columns, std::string& rows) {
    if (map != nullptr) {
      std::vector<float> in_columns, in_rows;
      for (int x = 0; x < map->width; ++x) {
        in_columns.push_back(static_cast<float>(x) - 0.5F);
        in_columns.push_back(-0.5F);
      }
      for (int y = 0; y < map->height; ++y) {
        in_rows.push_back(0);
        in_rows.push_back(static_cast<float>(y));
      }
      columns = write_.floats(name + ".columns", {1, 1, 1, map->width, 2}, in_columns);
      rows = write_.floats(name + ".rows", {1, 1, map->height, 1, 2}, in_rows);
      return write_.node("Reshape",
                         {raw, write_.int64s(name + ".shape", {5},
                                             {0, anchors, outputs_, map->height, map->width})},
                         name + "/cells");
    }
    const std::string shape = write_.node("Shape", {raw}, name + "/shape");
    const std::string sizes = write_.node(
        "Slice",
        {shape, write_.int64s("sizes.start", {1}, {2}), write_.int64s("sizes.end", {1}, {4})},
        name + "/sizes");
    const std::string target =
        write_.node("Concat", {write_.int64s(name + ".shape", {3}, {0, anchors, outputs_}), sizes},
                    name + "/target");
    write_.integer("axis", 0);
    rows = plan_range(name, "cell_rows", sizes, 0, {1, 1, -1, 1, 1}, {0, 1});
    columns = plan_range(name, "cell_columns", sizes, 1, {1, 1, 1, -1, 1}, {1, 0});
    columns =
        write_.node("Sub", {columns, write_.floats("half", {}, {0.5F})}, name + "/columns_centred");
    return write_.node("Reshape", {raw, target}, name + "/cells");
  }

  // 0, 1, ... along one axis, in one of two places along the last.
  std::string plan_range(const std::string& level, const std::string& what,
                         const std::string& sizes, std::int64_t index,
                         const std::vector<std::int64_t>& shape, const std::vector<float>& place) {
    const std::string name = fmt::format("{}/{}", level, what);
    const std::string size =
        write_.node("Gather", {sizes, write_.int64s(fmt::format("index.{}", index), {}, {index})},
                    name + "_count");
    write_.integer("axis", 0);
    const std::string range =
        write_.node("Range", {write_.int64s("zero", {}, {0}), size, write_.int64s("one", {}, {1})},
                    name + "_range");
    const std::string floats = write_.node("Cast", {range}, name + "_floats");
    write_.integer("to", TensorProto::FLOAT);
    const std::string shaped = write_.node(
        "Reshape", {floats, write_.int64s(what + ".shape", {5}, shape)}, name + "_shaped");
    return write_.node("Mul", {shaped, write_.floats(what + ".place", {2}, place)}, name);
  }

  const model::Graph& graph_;
  const OnnxOptions& options_;
  std::int64_t outputs_;  // of one anchor
  GraphPlan& plan_;
  PlanWriter write_;
};

}  // namespace

void plan_head(const OnnxDescription& description, const std::vector<std::string>& levels,
               const std::vector<model::MapShape>& maps, GraphPlan& plan) {
  HeadPlanner planner(description, plan);
  switch (description.options.head) {
    case OnnxHead::kRaw:
      planner.raw(levels, maps);
      return;
    case OnnxHead::kBoxes: {
      const auto [rows, count] = planner.rows(levels, maps, "boxes");
      planner.boxes(rows, count);
      return;
    }
    case OnnxHead::kDetections: {
      const auto [rows, count] = planner.rows(levels, maps, "rows");
      planner.detections(rows);
      return;
    }
  }
}

}  // namespace qyolo::harness

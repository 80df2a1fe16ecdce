#include "python/python_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>

#include "common/json.h"

namespace qyolo::python {
namespace {

constexpr Py_ssize_t kLongestArray = 16;  // that is looked at: a box has 4 numbers

// A Python exception that a look at a value left, if any: the value is none that is taken.
void forget_exception() {
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
}

nb::object owned(PyObject* object) {
  forget_exception();
  return nb::steal(object);
}

bool is_text(nb::handle value) { return PyUnicode_Check(value.ptr()) != 0; }

// Whether it is something that is an integer: Python's and NumPy's, but no bool.
bool is_integer(nb::handle value) {
  return PyBool_Check(value.ptr()) == 0 && PyIndex_Check(value.ptr()) != 0;
}

// Nothing where it is too large.
std::optional<std::int64_t> integer_of(nb::handle value) {
  const nb::object number = owned(PyNumber_Index(value.ptr()));
  if (!number.is_valid()) return std::nullopt;
  int overflow = 0;
  const long long result = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  forget_exception();
  if (overflow != 0) return std::nullopt;
  return result;
}

// Python's and NumPy's numbers; a text is none, though float() reads it. Anything else gives NaN.
double number_of(nb::handle value) {
  if (PyFloat_CheckExact(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (is_text(value) || PyBytes_Check(value.ptr())) return std::nan("");
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() == nullptr) return number;
  PyErr_Clear();
  return std::nan("");
}

std::string utf8(nb::handle text) {
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (bytes != nullptr) return {bytes, static_cast<std::size_t>(size)};
  PyErr_Clear();
  throw nb::value_error("a text holds half of a surrogate pair, which is no Unicode character");
}

std::string json_string(std::string_view text) { return Json(std::string(text)).dump(); }

// The fields of dictionaries, as JSON.
class TextWriter {
 public:
  void section(const char* name, const nb::list& entries, std::span<const char* const> keys,
               bool named) {
    text_ += fmt::format("{}\"{}\":[", text_.empty() ? "{" : ",", name);
    const std::size_t count = nb::len(entries);
    for (std::size_t i = 0; i < count; ++i) {
      // A value's own code may run while it is looked at, and shorten the list.
      const nb::object entry =
          nb::borrow(PyList_GetItem(entries.ptr(), static_cast<Py_ssize_t>(i)));
      if (!entry.is_valid()) {
        PyErr_Clear();
        break;
      }
      text_ += i == 0 ? "" : ",";
      write_entry(entry, keys, named);
    }
    text_ += ']';
  }

  std::string finished() { return std::move(text_) + '}'; }

 private:
  void write_entry(const nb::object& entry, std::span<const char* const> keys, bool named) {
    if (PyDict_Check(entry.ptr()) == 0) {
      text_ += "null";
      return;
    }
    text_ += '{';
    bool first = true;
    bool has_name = false;
    for (const char* key : keys) {
      const nb::object value = member(entry, key);
      if (!value.is_valid()) continue;
      has_name = has_name || std::string_view(key) == "name";
      text_ += fmt::format("{}\"{}\":", first ? "" : ",", key);
      first = false;
      write_value(value, true);
    }
    if (const nb::object id = member(entry, "id"); named && !has_name && id.is_valid()) {
      text_ += fmt::format(",\"name\":{}", json_string(utf8(nb::str(id))));
    }
    text_ += '}';
  }

  static nb::object member(const nb::object& entry, const char* key) {
    return nb::borrow(PyDict_GetItemString(entry.ptr(), key));
  }

  void write_value(nb::handle value, bool arrays) {
    if (value.is_none()) {
      text_ += "null";
    } else if (PyBool_Check(value.ptr()) != 0) {
      text_ += value.ptr() == Py_True ? "true" : "false";
    } else if (is_text(value)) {
      text_ += json_string(utf8(value));
    } else if (is_integer(value)) {
      const auto number = integer_of(value);
      text_ += number ? fmt::format("{}", *number) : json_string("a whole number beyond 64 bits");
    } else if (const double number = number_of(value); !std::isnan(number)) {
      text_ += std::isfinite(number) ? fmt::format("{}", number)
               : number > 0          ? "Infinity"
                                     : "-Infinity";
    } else if (PyFloat_Check(value.ptr()) != 0) {
      text_ += "NaN";
    } else if (arrays && PySequence_Check(value.ptr()) != 0) {
      write_array(value);
    } else {
      text_ += "null";
    }
  }

  void write_array(nb::handle value) {
    const Py_ssize_t size = PySequence_Size(value.ptr());
    text_ += '[';
    for (Py_ssize_t i = 0; i < std::min(size, kLongestArray); ++i) {
      text_ += i == 0 ? "" : ",";
      const nb::object item = owned(PySequence_GetItem(value.ptr(), i));
      if (item.is_valid()) {
        write_value(item, false);
      } else {
        text_ += "null";
      }
    }
    forget_exception();
    text_ += ']';
  }

  std::string text_;
};

// A text as an id is written in JSON; empty where the value is no id.
struct WrittenId {
  std::string text, json;
};
WrittenId written_id(nb::handle value) {
  if (is_text(value)) {
    std::string text = utf8(value);
    std::string json = json_string(text);
    return {std::move(text), std::move(json)};
  }
  if (PyBool_Check(value.ptr()) != 0) return {};
  std::string text;
  if (is_integer(value)) {
    if (const auto number = integer_of(value)) text = fmt::format("{}", *number);
  } else if (const double number = number_of(value); std::isfinite(number)) {
    text = fmt::format("{}", number);
  }
  return {text, text};
}

// Reads the dictionaries of results.
class ResultsReader {
 public:
  ResultsReader(datasets::DetectionNames& names, const std::string& where)
      : names_(names), where_(where) {}

  Status read(const nb::object& entry, std::size_t index, Detection& detection) {
    if (PyDict_Check(entry.ptr()) == 0)
      return error("{}: detections[{}]: expected a dictionary, found {}", where_, index,
                   type_name(entry));
    QYOLO_CHECK_OK(read_id(entry, "image_id", names_.images, index, detection.image_id));
    QYOLO_CHECK_OK(read_id(entry, "category_id", names_.categories, index, detection.category_id));
    QYOLO_CHECK_OK(read_box(entry, index, detection.bbox));
    return read_number(entry, "score", index, detection.score);
  }

  Status read_number(const nb::object& entry, const char* key, std::size_t index, double& out) {
    const nb::object value = member(entry, key);
    if (!value.is_valid()) return missing(key, index);
    out = number_of(value);
    if (std::isfinite(out)) return {};
    return error("{}: detections[{}]: '{}' must be a finite number, found {}", where_, index, key,
                 said(value));
  }

  Status read_integer(const nb::object& entry, const char* key, std::size_t index,
                      std::int64_t& out) {
    const nb::object value = member(entry, key);
    if (!value.is_valid()) return missing(key, index);
    const auto number = is_integer(value) ? integer_of(value) : std::nullopt;
    if (!number)
      return error("{}: detections[{}]: '{}' must be a whole number, found {}", where_, index, key,
                   said(value));
    out = *number;
    return {};
  }

  // Keys are made once.
  nb::object member(const nb::object& entry, const char* key) {
    for (const Key& known : keys_)
      if (known.name == key) return borrowed(entry, known.object);
    keys_.push_back({key, nb::str(key)});
    return borrowed(entry, keys_.back().object);
  }

 private:
  struct Key {
    const char* name;  // by address
    nb::object object;
  };

  static nb::object borrowed(const nb::object& entry, const nb::object& key) {
    nb::object found = nb::borrow(PyDict_GetItemWithError(entry.ptr(), key.ptr()));
    forget_exception();
    return found;
  }

  static std::string type_name(nb::handle value) {
    return nb::cast<std::string>(nb::handle(Py_TYPE(value.ptr())).attr("__name__"));
  }
  static std::string said(nb::handle value) {
    return PyFloat_Check(value.ptr()) != 0 ? fmt::format("{}", PyFloat_AS_DOUBLE(value.ptr()))
                                           : type_name(value);
  }

  Status missing(const char* key, std::size_t index) const {
    return error("{}: detections[{}]: '{}' is missing", where_, index, key);
  }

  Status read_id(const nb::object& entry, const char* key, IdNames& names, std::size_t index,
                 std::int64_t& out) {
    const nb::object value = member(entry, key);
    if (!value.is_valid()) return missing(key, index);
    if (is_integer(value)) {
      if (const auto number = integer_of(value); number && !IdNames::is_code(*number)) {
        out = *number;
        return {};
      }
    }
    const WrittenId id = written_id(value);
    if (id.json.empty())
      return error("{}: detections[{}]: '{}' must be a number or a text, found {}", where_, index,
                   key, said(value));
    out = names.add(id.text, id.json, false);
    return {};
  }

  Status read_box(const nb::object& entry, std::size_t index, BoxXywh& box) {
    const nb::object value = member(entry, "bbox");
    if (!value.is_valid()) return missing("bbox", index);
    const auto wrong = [&](const std::string& found) {
      return error("{}: detections[{}]: 'bbox' must be an array of 4 finite numbers, found {}",
                   where_, index, found);
    };
    if (is_text(value) || PySequence_Check(value.ptr()) == 0) return wrong(said(value));
    const Py_ssize_t size = PySequence_Size(value.ptr());
    forget_exception();
    if (size != 4) return wrong(fmt::format("{}", size));
    for (std::size_t i = 0; i < box.size(); ++i) {
      const nb::object item = owned(PySequence_GetItem(value.ptr(), static_cast<Py_ssize_t>(i)));
      box[i] = item.is_valid() ? number_of(item) : std::nan("");
      if (!std::isfinite(box[i])) return wrong(item.is_valid() ? said(item) : "fewer");
    }
    if (box[2] < 0 || box[3] < 0) {
      return error(
          "{}: detections[{}]: 'bbox' must have a width and height that are not negative, found {} "
          "and {}",
          where_, index, box[2], box[3]);
    }
    return {};
  }

  datasets::DetectionNames& names_;
  const std::string& where_;
  std::vector<Key> keys_;
};

}  // namespace

void raise_unless_ok(const Status& status) {
  if (!status.ok()) throw nb::value_error(status.error().message.c_str());
}

std::string annotation_text(const nb::list& images, const nb::list& categories,
                            const nb::list& annotations) {
  static constexpr std::array kImageKeys = {"id", "file_name"};
  static constexpr std::array kCategoryKeys = {"id", "name"};
  static constexpr std::array kAnnotationKeys = {"image_id", "category_id", "id",
                                                 "bbox",     "area",        "iscrowd"};
  TextWriter writer;
  writer.section("images", images, kImageKeys, false);
  writer.section("annotations", annotations, kAnnotationKeys, false);
  writer.section("categories", categories, kCategoryKeys, true);
  return writer.finished();
}

Result<GivenDetections> detections_of(const nb::list& list, bool own,
                                      datasets::DetectionNames& names, const std::string& where) {
  GivenDetections given;
  ResultsReader reader(names, where);
  const std::size_t count = nb::len(list);
  given.detections.reserve(count);
  bool with_areas = own, with_ids = own;
  for (std::size_t i = 0; i < count; ++i) {
    const nb::object entry = nb::borrow(PyList_GetItem(list.ptr(), static_cast<Py_ssize_t>(i)));
    if (!entry.is_valid()) {
      PyErr_Clear();
      return error("{}: the list of detections became shorter while it was read", where);
    }
    QYOLO_CHECK_OK(reader.read(entry, i, given.detections.emplace_back()));
    if (!own) continue;
    if (i == 0) {
      with_areas = reader.member(entry, "area").is_valid();
      with_ids = reader.member(entry, "id").is_valid();
    }
    if (with_areas)
      QYOLO_CHECK_OK(reader.read_number(entry, "area", i, given.areas.emplace_back()));
    if (with_ids) QYOLO_CHECK_OK(reader.read_integer(entry, "id", i, given.ids.emplace_back()));
  }
  return given;
}

std::int64_t find_id(nb::handle value, const IdNames& names) {
  const WrittenId id = written_id(value);
  return id.json.empty() ? IdNames::kUnknown : names.find(id.text);
}

nb::list python_ids(const std::vector<std::int64_t>& ids, const IdNames& names) {
  nb::list list;
  const bool written = names.has_codes() || names.writes_texts();
  const nb::object read = written ? nb::module_::import_("json").attr("loads") : nb::none();
  for (const std::int64_t id : ids) {
    if (written) {
      list.append(read(names.json(id)));
    } else {
      list.append(id);
    }
  }
  return list;
}

}  // namespace qyolo::python

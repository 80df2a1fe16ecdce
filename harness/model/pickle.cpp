#include "harness/model/pickle.h"

#include <algorithm>
#include <bit>

#include "harness/model/pickle_calls.h"

namespace qyolo::model {
namespace {

// A large network has some 100,000 values in a pickle of less than 1 MB; what is far beyond that is
// no checkpoint, and would only cost memory.
constexpr std::size_t kMaxValues = std::size_t{1} << 21;
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

// Names and codes of Python's pickletools. Protocol 0's text opcodes are not read: torch.save
// writes none.
enum class Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kList = 'l',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kEmptyDict = '}',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

}  // namespace

// The pickle machine: a stack, marks on it, and a memo.
class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, ValueArena& arena) : bytes_(bytes), arena_(arena) {}

  Result<const Value*> run() {
    while (!stopped_) {
      if (position_ == bytes_.size()) return error("the pickle ends without its STOP");
      QYOLO_CHECK_OK(step(static_cast<Opcode>(bytes_[position_++])));
      if (std::max({arena_.size(), stack_.size(), marks_.size()}) > kMaxValues)
        return error("the pickle has more than {} values: this is no checkpoint", kMaxValues);
    }
    return stack_.back();
  }

 private:
  static Error cut_off() { return error("the pickle is cut off"); }
  static Error underflow() {
    return error("the pickle takes more from its stack than it put there");
  }

  // --- reading the stream ---

  Result<std::uint64_t> number(std::size_t width) {
    if (bytes_.size() - position_ < width) return cut_off();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::to_integer<std::uint64_t>(bytes_[position_ + i]) << (8 * i);
    position_ += width;
    return value;
  }

  Result<std::string_view> text(std::uint64_t size) {
    if (bytes_.size() - position_ < size) return cut_off();
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data()) + position_,
                                static_cast<std::size_t>(size));
    position_ += static_cast<std::size_t>(size);
    return view;
  }

  Result<std::string_view> line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_,
                                bytes_.size() - position_);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return cut_off();
    position_ += end + 1;
    return rest.substr(0, end);
  }

  // --- the stack; what lies below the last mark is out of reach ---

  [[nodiscard]] std::size_t reachable() const {
    return stack_.size() - (marks_.empty() ? 0 : marks_.back());
  }

  Result<Value*> pop() {
    if (reachable() == 0) return underflow();
    Value* top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Result<Value*> top() {
    if (reachable() == 0) return underflow();
    return stack_.back();
  }

  // What lies above the last mark, which goes with it.
  Result<std::vector<const Value*>> pop_to_mark() {
    if (marks_.empty()) return underflow();
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const Value*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  template <class T>
  Status push(T data) {
    stack_.push_back(add_value(arena_, std::move(data)));
    return {};
  }

  Status push_text(std::size_t size_width) {
    QYOLO_TRY(const std::uint64_t size, number(size_width));
    QYOLO_TRY(const std::string_view view, text(size));
    return push(view);
  }

  // Two's complement, little-endian. More than 64 bits occur in random seeds, which nobody reads.
  Status push_long(std::size_t size_width) {
    QYOLO_TRY(const std::uint64_t size, number(size_width));
    QYOLO_TRY(const std::string_view digits, text(size));
    if (size > 8) return push(digits);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < digits.size(); ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(digits[i])} << (8 * i);
    const bool negative =
        !digits.empty() && (static_cast<std::uint8_t>(digits.back()) & 0x80U) != 0;
    if (negative && size < 8) value |= ~std::uint64_t{0} << (8 * size);
    return push(static_cast<std::int64_t>(value));
  }

  Status push_tuple(std::size_t count) {
    if (reachable() < count) return underflow();
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    Tuple tuple{{first, stack_.end()}};
    stack_.erase(first, stack_.end());
    return push(std::move(tuple));
  }

  // --- the memo; picklers number it from 0 without gaps ---

  Status put(std::uint64_t index) {
    QYOLO_TRY(Value * value, top());
    if (index >= kMaxValues) return error("the pickle's memo has the number {}", index);
    const auto slot = static_cast<std::size_t>(index);
    if (slot >= memo_.size()) memo_.resize(slot + 1, nullptr);
    memo_[slot] = value;
    return {};
  }

  Status get(std::uint64_t index) {
    if (index >= memo_.size() || memo_[static_cast<std::size_t>(index)] == nullptr)
      return error("the pickle refers to a memo entry ({}) that it has not made", index);
    stack_.push_back(memo_[static_cast<std::size_t>(index)]);
    return {};
  }

  // --- containers ---

  Status append(const std::vector<const Value*>& items) {
    QYOLO_TRY(Value * target, top());
    if (auto* list = std::get_if<List>(&target->data)) {
      list->items.insert(list->items.end(), items.begin(), items.end());
      return {};
    }
    if (target->as<Object>() != nullptr) return {};  // a list subclass: inert
    return error("the pickle appends to {}", describe(*target));
  }

  Status set_items(const std::vector<const Value*>& items) {
    QYOLO_TRY(Value * target, top());
    if (items.size() % 2 != 0) return error("the pickle sets a dict item without a value");
    if (auto* dict = std::get_if<Dict>(&target->data)) {
      for (std::size_t i = 0; i < items.size(); i += 2)
        dict->items.emplace_back(items[i], items[i + 1]);
      return {};
    }
    if (target->as<Object>() != nullptr) return {};  // a dict subclass: inert
    return error("the pickle sets items of {}", describe(*target));
  }

  Status push_dict() {
    QYOLO_TRY(const std::vector<const Value*> items, pop_to_mark());
    QYOLO_CHECK_OK(push(Dict{}));
    return set_items(items);
  }

  // --- classes and instances ---

  Status push_global() {
    QYOLO_TRY(const std::string_view module, line());
    QYOLO_TRY(const std::string_view name, line());
    return push(Global{module, name});
  }

  Status push_stack_global() {
    QYOLO_TRY(const Value* name, pop());
    QYOLO_TRY(const Value* module, pop());
    const auto* name_text = name->as<std::string_view>();
    const auto* module_text = module->as<std::string_view>();
    if (name_text == nullptr || module_text == nullptr)
      return error("the pickle names a global by something other than text");
    return push(Global{*module_text, *name_text});
  }

  Status new_object(bool with_keywords) {
    if (with_keywords) QYOLO_CHECK_OK(discard());
    QYOLO_TRY(const Value* arguments, pop());
    QYOLO_TRY(const Value* type, pop());
    const Global* global = type->as<Global>();
    if (global == nullptr || arguments->as<Tuple>() == nullptr)
      return error("the pickle makes an instance of {}", describe(*type));
    return push(Object{global, arguments, nullptr});
  }

  Status discard() {
    QYOLO_TRY([[maybe_unused]] const Value* discarded, pop());
    return {};
  }

  Status reduce() {
    QYOLO_TRY(Value * arguments, pop());
    QYOLO_TRY(const Value* callable, pop());
    QYOLO_TRY(Value * made, call(arena_, *callable, arguments));
    stack_.push_back(made);
    return {};
  }

  Status build() {
    QYOLO_TRY(const Value* state, pop());
    QYOLO_TRY(Value * target, top());
    if (auto* object = std::get_if<Object>(&target->data)) {
      object->state = state;
      return {};
    }
    // Attributes of a state_dict (its _metadata) or of a tensor: nothing reads them.
    if (target->as<Dict>() != nullptr || target->as<TensorRef>() != nullptr) return {};
    return error("the pickle restores the state of {}", describe(*target));
  }

  Status persistent() {
    QYOLO_TRY(const Value* id, pop());
    QYOLO_TRY(Value * storage, persistent_load(arena_, *id));
    stack_.push_back(storage);
    return {};
  }

  Status step(Opcode opcode);

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  bool stopped_ = false;
  ValueArena& arena_;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Value*> memo_;
};

Status Unpickler::step(Opcode opcode) {
  switch (opcode) {
    case Opcode::kProto: {
      QYOLO_TRY(const std::uint64_t protocol, number(1));
      if (protocol < 2 || protocol > 5)
        return error("pickle protocol {} is not supported (2 to 5 are)", protocol);
      return {};
    }
    case Opcode::kFrame: {
      QYOLO_TRY([[maybe_unused]] const std::uint64_t size, number(8));
      return {};
    }
    case Opcode::kStop: {
      QYOLO_TRY([[maybe_unused]] const Value* result, top());
      stopped_ = true;
      return {};
    }
    case Opcode::kMark:
      marks_.push_back(stack_.size());
      return {};
    case Opcode::kPop: {
      if (reachable() == 0 && !marks_.empty()) {
        marks_.pop_back();
        return {};
      }
      return discard();
    }
    case Opcode::kPopMark: {
      QYOLO_TRY([[maybe_unused]] const auto items, pop_to_mark());
      return {};
    }
    case Opcode::kDup: {
      QYOLO_TRY(Value * value, top());
      stack_.push_back(value);
      return {};
    }
    case Opcode::kNone:
      return push(None{});
    case Opcode::kNewTrue:
      return push(true);
    case Opcode::kNewFalse:
      return push(false);
    case Opcode::kBinInt: {
      QYOLO_TRY(const std::uint64_t value, number(4));
      return push(std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(value))});
    }
    case Opcode::kBinInt1: {
      QYOLO_TRY(const std::uint64_t value, number(1));
      return push(static_cast<std::int64_t>(value));
    }
    case Opcode::kBinInt2: {
      QYOLO_TRY(const std::uint64_t value, number(2));
      return push(static_cast<std::int64_t>(value));
    }
    case Opcode::kLong1:
      return push_long(1);
    case Opcode::kLong4:
      return push_long(4);
    case Opcode::kBinFloat: {
      QYOLO_TRY(const std::uint64_t little_endian, number(8));
      return push(std::bit_cast<double>(__builtin_bswap64(little_endian)));
    }
    case Opcode::kShortBinString:
    case Opcode::kShortBinBytes:
    case Opcode::kShortBinUnicode:
      return push_text(1);
    case Opcode::kBinString:
    case Opcode::kBinBytes:
    case Opcode::kBinUnicode:
      return push_text(4);
    case Opcode::kBinUnicode8:
    case Opcode::kBinBytes8:
    case Opcode::kByteArray8:
      return push_text(8);
    case Opcode::kEmptyList:
    case Opcode::kEmptySet:
      return push(List{});
    case Opcode::kEmptyTuple:
      return push(Tuple{});
    case Opcode::kEmptyDict:
      return push(Dict{});
    case Opcode::kList:
    case Opcode::kFrozenSet: {
      QYOLO_TRY(auto items, pop_to_mark());
      return push(List{std::move(items)});
    }
    case Opcode::kTuple: {
      QYOLO_TRY(auto items, pop_to_mark());
      return push(Tuple{std::move(items)});
    }
    case Opcode::kTuple1:
      return push_tuple(1);
    case Opcode::kTuple2:
      return push_tuple(2);
    case Opcode::kTuple3:
      return push_tuple(3);
    case Opcode::kDict:
      return push_dict();
    case Opcode::kAppend: {
      QYOLO_TRY(const Value* item, pop());
      return append({item});
    }
    case Opcode::kAppends:
    case Opcode::kAddItems: {
      QYOLO_TRY(const auto items, pop_to_mark());
      return append(items);
    }
    case Opcode::kSetItem: {
      QYOLO_TRY(const Value* value, pop());
      QYOLO_TRY(const Value* key, pop());
      return set_items({key, value});
    }
    case Opcode::kSetItems: {
      QYOLO_TRY(const auto items, pop_to_mark());
      return set_items(items);
    }
    case Opcode::kBinPut: {
      QYOLO_TRY(const std::uint64_t index, number(1));
      return put(index);
    }
    case Opcode::kLongBinPut: {
      QYOLO_TRY(const std::uint64_t index, number(4));
      return put(index);
    }
    case Opcode::kMemoize:
      return put(memo_.size());
    case Opcode::kBinGet: {
      QYOLO_TRY(const std::uint64_t index, number(1));
      return get(index);
    }
    case Opcode::kLongBinGet: {
      QYOLO_TRY(const std::uint64_t index, number(4));
      return get(index);
    }
    case Opcode::kGlobal:
      return push_global();
    case Opcode::kStackGlobal:
      return push_stack_global();
    case Opcode::kNewObj:
      return new_object(false);
    case Opcode::kNewObjEx:
      return new_object(true);
    case Opcode::kReduce:
      return reduce();
    case Opcode::kBuild:
      return build();
    case Opcode::kBinPersId:
      return persistent();
  }
  return error("the pickle has the opcode 0x{:02x} at byte {}, which is not supported",
               static_cast<unsigned>(opcode), position_ - 1);
}

Result<PickleDocument> PickleDocument::parse(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxBytes)
    return error("the pickle has {} bytes: this is no checkpoint", bytes.size());
  PickleDocument document;
  QYOLO_TRY(document.root_, Unpickler(bytes, document.values_).run());
  return document;
}

}  // namespace qyolo::model

#include "harness/model/pickle.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>

#include "harness/model/printable.h"
#include "tests/support/checkpoint_writer.h"

namespace qyolo::model {
namespace {

using testing::bytes_of;
using ::testing::HasSubstr;
using namespace std::string_literals;
namespace make = qyolo::testing;

// Parses a whole stream (text is viewed, so the stream must live as long as the document).
Result<PickleDocument> parse(const std::string& stream) {
  return PickleDocument::parse(bytes_of(stream));
}

std::string pickle_refusal(const std::string& stream) {
  const auto document = parse(stream);
  return document.ok() ? "accepted" : document.error().message;
}

template <class T>
T root_as(const std::string& stream) {
  const auto document = parse(stream);
  if (!document) throw std::runtime_error(document.error().message);
  const T* value = document->root().as<T>();
  if (value == nullptr) throw std::runtime_error("found " + describe(document->root()));
  return *value;
}

TEST(Pickle, ReadsIntegersOfEveryWidth) {
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02K\xff."), 255);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02M\x34\x12."), 0x1234);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02J\xfe\xff\xff\xff."), -2);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02\x8a\x00."s), 0);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02\x8a\x01\x80."s), -128);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02\x8a\x02\xff\x00."s), 255);
  EXPECT_EQ(root_as<std::int64_t>("\x80\x02\x8b\x02\x00\x00\x00\x00\x01."s), 256);
  EXPECT_EQ(root_as<std::int64_t>(make::finish(make::integer(INT64_MIN))), INT64_MIN);
  EXPECT_EQ(root_as<std::string_view>("\x80\x02\x8a\x09" + "123456789"s + "."), "123456789");
}

TEST(Pickle, ReadsFloatsTextsAndConstants) {
  EXPECT_EQ(root_as<double>(make::finish(make::number(-0.1))), -0.1);
  EXPECT_EQ(root_as<bool>("\x80\x02\x88."), true);
  EXPECT_EQ(root_as<bool>("\x80\x02\x89."), false);
  root_as<None>("\x80\x02N.");
  EXPECT_EQ(root_as<std::string_view>("\x80\x04\x8c\x02hi."), "hi");
  EXPECT_EQ(root_as<std::string_view>("\x80\x04\x8d\x02\0\0\0\0\0\0\0hi."s), "hi");
  EXPECT_EQ(root_as<std::string_view>("\x80\x02U\x02hi."), "hi");
  EXPECT_EQ(root_as<std::string_view>(make::finish(make::text("hi"))), "hi");
  EXPECT_EQ(root_as<std::string_view>("\x80\x04\x95\x09\0\0\0\0\0\0\0C\x02hi."s), "hi");  // framed
}

TEST(Pickle, ReadsContainers) {
  const std::string stream = make::finish(make::dict(
      {{"list", make::list({make::integer(1), make::integer(2)})},
       {"tuple", make::tuple({make::none()})},
       {"set", make::call(make::global("__builtin__", "set"), make::tuple({make::list({})}))},
       {"size", make::call(make::global("torch", "Size"), make::tuple({make::integers({3, 4})}))},
       {"ordered", make::ordered_dict({{"a", make::integer(5)}})}}));
  const auto document = parse(stream);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const Dict& dict = *document->root().as<Dict>();
  EXPECT_EQ(find(dict, "list")->as<List>()->items.size(), 2U);
  EXPECT_NE(find(dict, "tuple")->as<Tuple>()->items[0]->as<None>(), nullptr);
  EXPECT_TRUE(find(dict, "set")->as<List>()->items.empty());
  EXPECT_EQ(*find(dict, "size")->as<Tuple>()->items[1]->as<std::int64_t>(), 4);
  EXPECT_EQ(*find(*find(dict, "ordered")->as<Dict>(), "a")->as<std::int64_t>(), 5);
  EXPECT_EQ(find(dict, "absent"), nullptr);
}

TEST(Pickle, TheLastOfEqualKeysCounts) {
  const std::string stream =
      make::finish(make::dict({{"a", make::integer(1)}, {"a", make::integer(2)}}));
  EXPECT_EQ(*find(*parse(stream)->root().as<Dict>(), "a")->as<std::int64_t>(), 2);
}

TEST(Pickle, SharedValuesAreOneValue) {
  const std::string stream = "\x80\x02]q\x05h\x05\x86.";  // (x, x), by the memo
  const auto document = parse(stream);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const Tuple& both = *document->root().as<Tuple>();
  EXPECT_EQ(both.items[0], both.items[1]);
}

TEST(Pickle, AClassBecomesAnInertRecord) {
  const std::string stream = make::finish(
      make::object("no.such.module", "Anything", make::dict({{"x", make::integer(1)}})));
  const auto document = parse(stream);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const Object& object = *document->root().as<Object>();
  EXPECT_TRUE(object.type->is("no.such.module", "Anything"));
  EXPECT_EQ(*find(*object.state->as<Dict>(), "x")->as<std::int64_t>(), 1);
  EXPECT_EQ(describe(document->root()), "a no.such.module.Anything");
}

TEST(Pickle, TensorsAreReferences) {
  const std::string stream = make::finish(
      make::call(make::global("torch._utils", "_rebuild_parameter"),
                 make::tuple({make::tensor_of({"HalfStorage", "7", 100, 4, {2, 3}, {3, 1}}),
                              make::boolean(true), make::ordered_dict({})})));
  const auto document = parse(stream);
  ASSERT_TRUE(document.ok()) << document.error().message;
  const TensorRef& tensor = *document->root().as<TensorRef>();
  EXPECT_EQ(tensor.storage.type, "HalfStorage");
  EXPECT_EQ(tensor.storage.key, "7");
  EXPECT_EQ(tensor.storage.numel, 100);
  EXPECT_EQ(tensor.offset, 4);
  EXPECT_THAT(tensor.size, ::testing::ElementsAre(2, 3));
  EXPECT_THAT(tensor.stride, ::testing::ElementsAre(3, 1));
}

TEST(Pickle, NumpyScalarsStayInert) {
  const make::Pickle dtype =
      make::call(make::global("numpy", "dtype"), make::tuple({make::text("f8")})) +
      make::tuple({make::integer(3), make::text("<")}) + "b";
  const make::Pickle content =
      make::call(make::global("_codecs", "encode"),
                 make::tuple({make::text("12345678"), make::text("latin1")}));
  const std::string stream = make::finish(
      make::call(make::global("numpy.core.multiarray", "scalar"), make::tuple({dtype, content})));
  const auto document = parse(stream);
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(describe(document->root()), "a numpy.core.multiarray.scalar");
}

// Nothing is called; what stands there is a record of what would have been.
TEST(Pickle, CallsAreInertRecords) {
  const make::Pickle arguments = make::tuple({make::text("touch /tmp/pwned")});
  const auto described = [](const std::string& stream) {
    const auto document = parse(stream);
    return document.ok() ? describe(document->root()) : document.error().message;
  };
  EXPECT_EQ(described(make::finish(make::call(make::global("os", "system"), arguments))),
            "a os.system");
  EXPECT_EQ(described(make::finish(make::text("posix") + make::text("system") + "\x93" + arguments +
                                   "R")),
            "a posix.system");
  EXPECT_EQ(described(make::finish(make::call(make::object("a", "B", make::dict({})), arguments))),
            "a a.B");
  EXPECT_EQ(described(make::finish(
                make::call(make::global("builtins", "getattr"),
                           make::tuple({make::global("os", "system"), make::text("__call__")})))),
            "a builtins.getattr");
  EXPECT_EQ(described(make::finish(make::call(make::global("datetime", "datetime"), arguments))),
            "a datetime.datetime");
  EXPECT_EQ(described(make::finish(make::call(make::text("os.system"), arguments))),
            "the pickle would call the text 'os.system', which is refused");
  EXPECT_EQ(described(make::finish(make::call(make::global("\x1b[2Jos", "sys\xfftem"), ")"))),
            "a ?[2Jos.sys?tem");
}

TEST(Pickle, EveryCutIsRefused) {
  make::TinyNetwork network;
  const std::string stream = make::finish(make::dict({{"model", network.model()}}));
  EXPECT_EQ(pickle_refusal(stream), "accepted");
  for (std::size_t size = 0; size < stream.size(); size += 7)
    ASSERT_NE(pickle_refusal(stream.substr(0, size)), "accepted") << size;
}

TEST(Pickle, MalformedStreamsAreRefused) {
  EXPECT_EQ(pickle_refusal(""), "the pickle ends without its STOP");
  EXPECT_EQ(pickle_refusal("\x80\x02."), "the pickle takes more from its stack than it put there");
  EXPECT_EQ(pickle_refusal("\x80\x02(K\x01K\x02\x86(\x85."),
            "the pickle takes more from its stack than it put there");
  EXPECT_EQ(pickle_refusal("\x80\x02X\xff\xff\xff\xffhi."), "the pickle is cut off");
  EXPECT_EQ(pickle_refusal("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffhi."),
            "the pickle is cut off");
  EXPECT_EQ(pickle_refusal("\x80\x01N."), "pickle protocol 1 is not supported (2 to 5 are)");
  EXPECT_EQ(pickle_refusal("\x80\x02I1\n."),
            "the pickle has the opcode 0x49 at byte 2, which is not supported");
  EXPECT_EQ(pickle_refusal("\x80\x02h\x03."),
            "the pickle refers to a memo entry (3) that it has not made");
  EXPECT_EQ(pickle_refusal("\x80\x02Nr\xff\xff\xff\xff."),
            "the pickle's memo has the number 4294967295");
  EXPECT_EQ(pickle_refusal("\x80\x02NK\x01"
                           "a."),
            "the pickle appends to None");
  EXPECT_EQ(pickle_refusal("\x80\x02NK\x01K\x02s."), "the pickle sets items of None");
  EXPECT_EQ(pickle_refusal("\x80\x02}(K\x01u."), "the pickle sets a dict item without a value");
  EXPECT_EQ(pickle_refusal("\x80\x02N}b."), "the pickle restores the state of None");
  EXPECT_EQ(pickle_refusal("\x80\x02N)\x81."), "the pickle makes an instance of None");
  EXPECT_THAT(pickle_refusal("\x80\x02K\x01Q."), HasSubstr("a persistent id of the pickle is not"));
  EXPECT_EQ(pickle_refusal(
                make::finish(make::call(make::global("torch._utils", "_rebuild_tensor_v2"), ")"))),
            "torch._utils._rebuild_tensor_v2 is called with arguments it does not take");
}

TEST(Pickle, DepthCostsNoStack) {
  constexpr std::size_t kDepth = 500000;
  std::string nested = "\x80\x02N";
  nested.append(kDepth, '\x85');  // ((((None,),),),)
  EXPECT_EQ(pickle_refusal(nested + "."), "accepted");
}

TEST(Pickle, CyclesAreHarmless) {
  EXPECT_EQ(pickle_refusal("\x80\x02]q\x01h\x01"
                           "a."),
            "accepted");  // x = []; x.append(x)
  const std::string self =
      "\x80\x02" + make::global("a", "B") + ")\x81q\x01}" + make::text("me") + "h\x01sb.";
  EXPECT_EQ(pickle_refusal(self), "accepted");
}

TEST(Pickle, MemoryIsBounded) {
  EXPECT_THAT(pickle_refusal("\x80\x02" + std::string(3000000, 'N') + "."), HasSubstr("values"));
  EXPECT_THAT(pickle_refusal("\x80\x02" + std::string(3000000, '(') + "."), HasSubstr("values"));
  EXPECT_THAT(pickle_refusal("\x80\x02N" + std::string(3000000, '2') + "."), HasSubstr("values"));
}

TEST(Printable, CutsLongText) {
  EXPECT_EQ(printable(std::string(200, 'a')), std::string(80, 'a') + "...");
}

}  // namespace
}  // namespace qyolo::model

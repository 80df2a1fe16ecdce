#include "harness/artifact/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "common/json.h"
#include "tests/support/process.h"

namespace qyolo::artifact {
namespace {

using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// A file with this header and data.
std::string file_of(const std::string& header, const std::string& data) {
  std::string file;
  for (std::size_t i = 0; i < 8; ++i)
    file.push_back(static_cast<char>(header.size() >> (8 * i) & 0xFFU));
  return file + header + data;
}

std::string refusal(const std::string& file) {
  const auto read = Safetensors::from_bytes(bytes_of(file), "x");
  return read.ok() ? "accepted" : read.error().message;
}
std::string refusal(const std::string& header, const std::string& data) {
  return refusal(file_of(header, data));
}

struct Example {
  std::string small = "abc", words = "0123", halves = "0123456789AB";
  std::vector<Tensor> tensors = {{"small", DType::kU8, {3}, bytes_of(small)},
                                 {"halves", DType::kF16, {2, 3}, bytes_of(halves)},
                                 {"words", DType::kI32, {1, 1}, bytes_of(words)},
                                 {"none", DType::kF32, {0, 5}, {}},
                                 {"\"quoted\" \xC3\xBC", DType::kF32, {}, bytes_of(words)}};
  Metadata metadata = {{"format", "a \"text\"\n"}, {"\xC3\xBC", ""}};

  Example() { order_by_alignment(tensors); }
  [[nodiscard]] std::string file() const {
    std::string bytes = safetensors_header(metadata, tensors);
    for (const Tensor& tensor : tensors)
      bytes.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    return bytes;
  }
};

TEST(Safetensors, WhatIsWrittenIsRead) {
  const Example example;
  const std::string file = example.file();
  const auto read = Safetensors::from_bytes(bytes_of(file), "x");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->metadata(), example.metadata);
  ASSERT_EQ(read->tensors().size(), example.tensors.size());
  for (const Tensor& tensor : example.tensors) {
    const Tensor& found = read->tensors().find(tensor.name)->second;
    EXPECT_EQ(found.dtype, tensor.dtype);
    EXPECT_EQ(found.shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(found.bytes, tensor.bytes));
    EXPECT_EQ((found.bytes.data() - read->data().data()) % dtype_bytes(tensor.dtype), 0);
  }
  EXPECT_EQ(read->header().size() % 8, 0U);
  EXPECT_EQ(read->header().size() + read->data().size(), file.size());
  EXPECT_EQ(read->data().size(), 3U + 12 + 4 + 4);
}

TEST(Safetensors, BytesAreThoseOfTheFormat) {
  const std::string data = "xy";
  const std::vector<Tensor> tensors = {{"a", DType::kU8, {2}, bytes_of(data)}};
  const std::string header = R"({"__metadata__":{"k":"v"},)"
                             R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} )";
  EXPECT_EQ(safetensors_header({{"k", "v"}}, tensors),
            std::string("\x50\0\0\0\0\0\0\0", 8) + header + std::string(80 - header.size(), ' '));
}

TEST(Safetensors, FilesAreMapped) {
  const qyolo::testing::TemporaryFolder folder;
  const Example example;
  ASSERT_TRUE(write_file(folder.path() / "a.safetensors", example.file()).ok());
  auto read = Safetensors::open(folder.path() / "a.safetensors");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Safetensors moved = std::move(read).value();
  const Tensor& small = moved.tensors().find("small")->second;
  EXPECT_EQ(std::memcmp(small.bytes.data(), "abc", 3), 0);
  EXPECT_THAT(Safetensors::open(folder.path() / "b").error().message,
              HasSubstr("cannot be opened"));
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

TEST(Safetensors, WhatIsNotOneIsRefused) {
  EXPECT_EQ(refusal(""), "x: not a safetensors file");
  EXPECT_EQ(refusal("PK\x03\x04zip archive"), "x: not a safetensors file");
  EXPECT_EQ(refusal(std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{", 9)),
            "x: not a safetensors file");
  EXPECT_THAT(refusal(std::string("\x20\0\0\0\0\0\0\0{}", 10)), HasSubstr("is the file complete?"));
  EXPECT_EQ(refusal("{}", ""), "accepted");
  EXPECT_THAT(refusal("{]", ""), HasSubstr("is not valid JSON"));
  EXPECT_THAT(refusal(std::string(100, '{'), ""), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal("{\"a\":\"\xFF\"}", ""), HasSubstr("is not valid JSON"));
}

TEST(Safetensors, TensorsMustFillTheDataExactly) {
  const auto a = [](const std::string& offsets) { return entry("a", "U8", "[2]", offsets); };
  const auto b = [](const std::string& offsets) { return entry("b", "U8", "[2]", offsets); };
  EXPECT_EQ(refusal("{" + b("[2,4]") + "," + a("[0,2]") + "}", "abcd"), "accepted");
  EXPECT_EQ(refusal("{" + a("[0,2]") + "," + b("[1,3]") + "}", "abc"), "x: two tensors overlap");
  EXPECT_EQ(refusal("{" + a("[0,2]") + "," + b("[0,2]") + "}", "ab"), "x: two tensors overlap");
  EXPECT_EQ(refusal("{" + a("[0,2]") + "," + b("[3,5]") + "}", "abcde"),
            "x: there is a hole between two tensors");
  EXPECT_EQ(refusal("{" + a("[1,3]") + "}", "abc"), "x: there is a hole between two tensors");
  EXPECT_EQ(refusal("{" + a("[0,2]") + "}", "abc"),
            "x: the file has 1 bytes that belong to no tensor");
  EXPECT_EQ(refusal("{" + a("[0,2]") + "}", "a"), "x: the tensor 'a': it lies outside the file");
  EXPECT_EQ(refusal("{" + a("[2,0]") + "}", "ab"), "x: the tensor 'a': it lies outside the file");
  EXPECT_EQ(refusal("{" + a("[0,3]") + "}", "abc"),
            "x: the tensor 'a': its 3 bytes do not fit its shape");
}

TEST(Safetensors, MalformedEntriesAreNamed) {
  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
    return refusal("{" + entry("a", dtype, shape, offsets) + "}", "abcd");
  };
  EXPECT_EQ(one("F32", "[1]", "[0,4]"), "accepted");
  EXPECT_THAT(one("F64", "[1]", "[0,4]"), HasSubstr("the type 'F64' is not supported"));
  for (const char* shape : {"[-4]", "[1.5]", "4", "[\"4\"]", "[9223372036854775808]",
                            "[1,1,1,1,1,1,1,1,4]", "[4294967296,4294967296,4]", "[3]", "[5]"}) {
    EXPECT_THAT(one("U8", shape, "[0,4]"), HasSubstr("the tensor 'a'")) << shape;
  }
  for (const char* offsets : {"[0]", "[0,4,4]", "[-1,3]", "4", "[0,1e30]", "[0,99999999999999]"})
    EXPECT_THAT(one("U8", "[4]", offsets), HasSubstr("the tensor 'a'")) << offsets;
  EXPECT_THAT(refusal(R"({"a":7})", ""), HasSubstr("expected an object"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8"}})", ""), HasSubstr("'shape' is missing"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})", ""), HasSubstr("expected a string"));
  EXPECT_THAT(refusal(R"({"__metadata__":[]})", ""), HasSubstr("expected an object"));
}

TEST(Safetensors, DuplicateKeysAreRefused) {
  const std::string a = entry("a", "U8", "[0]", "[0,0]");
  EXPECT_THAT(refusal("{" + a + "," + a + "}", ""), HasSubstr("has the key 'a' twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", ""), HasSubstr("'k' twice"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", ""),
              HasSubstr("'dtype' twice"));
}

TEST(Safetensors, NoTruncationIsAccepted) {
  const std::string file = Example().file();
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(refusal(file.substr(0, size)), "accepted") << size;
}

// The format's own library reads the same tensors.
TEST(Safetensors, TheReferenceLibraryReadsIt) {
  const std::string python = "/usr/bin/env";
  const auto probe =
      qyolo::testing::run_process({python, "python3", "-c", "import safetensors.numpy"});
  if (probe.exit_code != 0) GTEST_SKIP() << "needs python3 with its packages safetensors and numpy";
  const qyolo::testing::TemporaryFolder folder;
  const std::string path = (folder.path() / "a.safetensors").string();
  ASSERT_TRUE(write_file(path, Example().file()).ok());
  const auto result = qyolo::testing::run_process(
      {python, "python3", "-c",
       "import sys, json, safetensors, safetensors.numpy as s\n"
       "t = s.load_file(sys.argv[1])\n"
       "m = safetensors.safe_open(sys.argv[1], 'numpy').metadata()\n"
       "print(json.dumps([sorted([k, str(v.dtype), list(v.shape), v.tobytes().hex()]\n"
       "      for k, v in t.items()), m], sort_keys=True))\n",
       path});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json read = Json::parse(result.out);
  EXPECT_EQ(read[0].dump(), R"([["\"quoted\" ü","float32",[],"30313233"],)"
                            R"(["halves","float16",[2,3],"303132333435363738394142"],)"
                            R"(["none","float32",[0,5],""],["small","uint8",[3],"616263"],)"
                            R"(["words","int32",[1,1],"30313233"]])");
  EXPECT_EQ(read[1], Json(Example().metadata));
}

}  // namespace
}  // namespace qyolo::artifact

#include "common/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace qyolo {
namespace {

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return error("'{}' is not a digit", c);
  return c - '0';
}

Result<int> sum_of_digits(char a, char b) {
  QYOLO_TRY(const int first, parse_digit(a));
  QYOLO_TRY(const int second, parse_digit(b));
  return first + second;
}

Status check_digit(char c) {
  QYOLO_CHECK_OK(parse_digit(c));
  return {};
}

TEST(Result, HoldsTheValueOfASuccess) {
  const auto result = parse_digit('7');
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(*result, 7);
}

TEST(Result, HoldsTheSentenceOfAFailure) {
  const auto result = parse_digit('x');
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "'x' is not a digit");
}

TEST(Result, TellsTextFromAFailure) {
  const Result<std::string> text = std::string("fine");
  const Result<std::string> failure = error("not {}", "fine");
  EXPECT_TRUE(text.ok());
  EXPECT_FALSE(failure.ok());
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> value = std::move(result).value();
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(*value, 3);
}

TEST(QyoloTry, ReturnsTheFirstFailure) {
  EXPECT_EQ(*sum_of_digits('4', '5'), 9);
  EXPECT_EQ(sum_of_digits('a', 'b').error().message, "'a' is not a digit");
  EXPECT_EQ(sum_of_digits('1', 'b').error().message, "'b' is not a digit");
}

TEST(Status, IsOkUnlessGivenAnError) {
  EXPECT_TRUE(Status().ok());
  EXPECT_TRUE(check_digit('1').ok());
  const Status failure = check_digit('?');
  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().message, "'?' is not a digit");
}

}  // namespace
}  // namespace qyolo

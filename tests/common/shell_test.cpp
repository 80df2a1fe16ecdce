#include "common/shell.h"

#include <gtest/gtest.h>

namespace qyolo {
namespace {

TEST(ShellQuoting, IsForWordsThatNeedIt) {
  EXPECT_EQ(shell_quoted("a/b-1.json"), "a/b-1.json");
  EXPECT_EQ(shell_quoted("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_quoted("a;b"), "'a;b'");
  EXPECT_EQ(shell_quoted(""), "''");
}

}  // namespace
}  // namespace qyolo

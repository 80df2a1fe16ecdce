// Text of an untrusted file, for errors.
#pragma once

#include <string>
#include <string_view>

namespace qyolo::model {

// Control characters and everything beyond ASCII become '?', and long text is cut.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace qyolo::model

// What the commands write to the terminal: results on the standard output, everything else on the
// standard error. Neither throws. A failing standard error never ends the work; whether the
// standard output took everything, main() asks once, at the end.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace qyolo::cli {

// Text in which names from files may stand: control characters (C0 but \n and \t, DEL, C1) become
// "\x1b", so that no name moves the cursor or changes the window's title. `escape`: what stands
// before the two digits.
[[nodiscard]] std::string without_controls(std::string_view text, std::string_view escape = "\\x");

// A line on a terminal that the next one replaces, and that is cleared before anything else is
// written there; or no line any more.
void show_bar(std::string_view line) noexcept;
void clear_bar() noexcept;

// What an interrupt (Ctrl-C) says before it ends the program: what is kept, and how to go on.
// Replaces the sentence before it.
void say_when_interrupted(const std::string& sentence);

// To the standard error: a text as it is, escape sequences included; or one with names in it.
void say_raw(std::string_view text) noexcept;
void say_text(std::string_view text) noexcept;
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  say_text(fmt::format(format, std::forward<Args>(args)...));
}

// To the standard output. Control characters become "\u001b", as JSON writes them, so that a JSON
// document stays the document that it is.
void print_text(std::string_view text) noexcept;
template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(fmt::format(format, std::forward<Args>(args)...));
}

// Whether all that was printed has been written.
[[nodiscard]] bool flush_output() noexcept;

// Characters across the terminal that a descriptor is; 0 where it is none, or does not say.
[[nodiscard]] std::size_t terminal_width(int descriptor) noexcept;

// Opens what of the descriptors 0 to 2 is closed on /dev/null: the next file that is opened, a
// user's, would else become the place where messages go. A pipe that nobody reads any more is an
// error of the write that meets it, not the end of the process.
void secure_standard_streams() noexcept;

}  // namespace qyolo::cli

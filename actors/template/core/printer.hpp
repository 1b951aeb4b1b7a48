// The printer behind Go's fmt: one call of a printing function. Internal to
// format.cpp (formats) and printer_values.cpp (values by kind).

#pragma once

#include "actors/template/core/format.hpp"

#include <optional>

namespace praetor::templates {

/// The flags of one verb.
struct flags {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool plus_v = false;  // %+v
  bool sharp_v = false; // %#v
  std::optional<int> width;
  std::optional<int> precision;
};

class printer {
public:
  explicit printer(std::string& out) : out_{out} {}

  void format(std::string_view text, std::span<const value> operands);
  void print(const value& x, char32_t verb);
  void print_value(const value& x, char32_t verb, int depth);

private:
  // -- reading a format --
  bool read_flags(std::string_view text);
  void read_index(std::string_view text, std::size_t count);
  std::optional<int> read_number(std::string_view text);
  std::optional<int> number_operand(std::span<const value> operands);
  void read_width(std::string_view text, std::span<const value> operands);
  void read_precision(std::string_view text, std::span<const value> operands);
  void print_verb(std::string_view text, std::span<const value> operands);
  void print_extra(std::span<const value> operands);

  // -- values by kind --
  bool print_display(const value& x, char32_t verb);
  void print_scalar(const value& x, char32_t verb);
  void print_integer(std::uint64_t magnitude, bool negative, bool is_signed,
                     char32_t verb, const value& x);
  void print_digits(std::uint64_t magnitude, bool negative, unsigned base,
                    char32_t verb);
  void print_rune(std::uint64_t number, char32_t verb);
  void print_real(double x, char32_t verb, int bits, const value& shown);
  void pad_real(double x, char verb, int precision, int bits);
  void print_complex(std::complex<double> x, char32_t verb, const value& shown);
  void print_text(std::string_view text, char32_t verb, const value& x);
  void print_list(const value& x, char32_t verb, int depth);
  void print_map(const value& x, char32_t verb, int depth);
  void print_record(const value& x, char32_t verb, int depth);
  void print_pointer(const value& x, char32_t verb, int depth);
  void bad_verb(char32_t verb, const value& x);

  void pad(std::string_view text);
  bool full() const { return out_.size() > printed_bytes_max; }

  std::string& out_;
  flags flags_;
  std::size_t at_ = 0;      // in the format
  std::size_t operand_ = 0; // the next one
  bool after_index_ = false;
  bool good_index_ = true;
  bool reordered_ = false;
  bool erroring_ = false;
};

} // namespace praetor::templates

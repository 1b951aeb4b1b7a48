#include "actors/template/core/format.hpp"

#include "actors/template/core/printer.hpp"
#include "actors/template/core/utf8.hpp"

#include <algorithm>
#include <utility>

namespace praetor::templates {

namespace {

/// Widths, precisions and indexes above this are refused, as in Go.
constexpr int format_number_max = 1'000'000;

} // namespace

void printer::pad(std::string_view text) {
  const auto size = count_runes(text);
  const auto width = static_cast<std::size_t>(flags_.width.value_or(0));
  const auto fill = size < width ? width - size : 0;
  if (!flags_.minus)
    out_.append(fill, flags_.zero ? '0' : ' ');
  out_ += text;
  if (flags_.minus)
    out_.append(fill, ' ');
}

// -- reading a format --------------------------------------------------------

void printer::format(std::string_view text, std::span<const value> operands) {
  while (at_ < text.size() && !full()) {
    const auto percent = std::min(text.find('%', at_), text.size());
    out_ += text.substr(at_, percent - at_);
    at_ = percent + 1;
    if (percent == text.size())
      break;
    flags_ = {};
    good_index_ = true;
    after_index_ = false;
    if (!read_flags(text) && operand_ < operands.size()) {
      // A plain verb takes no index, width or precision.
    } else {
      read_index(text, operands.size());
      read_width(text, operands);
      read_precision(text, operands);
      if (!after_index_)
        read_index(text, operands.size());
    }
    if (at_ >= text.size()) {
      out_ += "%!(NOVERB)";
      break;
    }
    print_verb(text, operands);
  }
  if (!reordered_ && operand_ < operands.size())
    print_extra(operands.subspan(operand_));
}

/// Reads flags; returns whether more than a verb follows.
bool printer::read_flags(std::string_view text) {
  for (; at_ < text.size(); ++at_) {
    switch (text[at_]) {
      case '#': flags_.sharp = true; break;
      case '0': flags_.zero = !flags_.minus; break;
      case '+': flags_.plus = true; break;
      case '-':
        flags_.minus = true;
        flags_.zero = false;
        break;
      case ' ': flags_.space = true; break;
      default: return text[at_] < 'a' || text[at_] > 'z';
    }
  }
  return true;
}

/// Reads "[3]".
void printer::read_index(std::string_view text, std::size_t count) {
  after_index_ = false;
  if (at_ >= text.size() || text[at_] != '[')
    return;
  reordered_ = true;
  const auto end = text.find(']', at_);
  if (end == std::string_view::npos || text.size() - at_ < 3) {
    good_index_ = false;
    ++at_;
    return;
  }
  ++at_;
  const auto index = read_number(text);
  const bool whole = at_ == end;
  at_ = end + 1;
  after_index_ = index && whole;
  if (after_index_ && *index >= 1 && static_cast<std::size_t>(*index) <= count)
    operand_ = static_cast<std::size_t>(*index) - 1;
  else
    good_index_ = false;
}

std::optional<int> printer::read_number(std::string_view text) {
  std::optional<int> out;
  for (; at_ < text.size() && text[at_] >= '0' && text[at_] <= '9'; ++at_) {
    out = out.value_or(0) * 10 + (text[at_] - '0');
    if (*out > format_number_max) {
      at_ = text.size();
      return std::nullopt;
    }
  }
  return out;
}

std::optional<int> printer::number_operand(std::span<const value> operands) {
  if (operand_ >= operands.size())
    return std::nullopt;
  const auto& x = operands[operand_++];
  std::int64_t number = 0;
  if (is_signed(x.what()))
    number = x.as_integer();
  else if (is_unsigned(x.what())
           && x.as_natural() <= static_cast<unsigned>(format_number_max))
    number = static_cast<std::int64_t>(x.as_natural());
  else
    return std::nullopt;
  if (number > format_number_max || number < -format_number_max)
    return std::nullopt;
  return static_cast<int>(number);
}

void printer::read_width(std::string_view text,
                         std::span<const value> operands) {
  if (at_ < text.size() && text[at_] == '*') {
    ++at_;
    flags_.width = number_operand(operands);
    if (!flags_.width)
      out_ += "%!(BADWIDTH)";
    if (flags_.width.value_or(0) < 0) {
      flags_.width = -*flags_.width;
      flags_.minus = true;
      flags_.zero = false;
    }
    after_index_ = false;
    return;
  }
  flags_.width = read_number(text);
  if (after_index_ && flags_.width)
    good_index_ = false; // "%[3]2d"
}

void printer::read_precision(std::string_view text,
                             std::span<const value> operands) {
  if (at_ >= text.size() || text[at_] != '.')
    return;
  ++at_;
  if (after_index_)
    good_index_ = false; // "%[3].2d"
  read_index(text, operands.size());
  if (at_ < text.size() && text[at_] == '*') {
    ++at_;
    flags_.precision = number_operand(operands);
    if (flags_.precision.value_or(0) < 0)
      flags_.precision.reset();
    if (!flags_.precision)
      out_ += "%!(BADPREC)";
    after_index_ = false;
    return;
  }
  flags_.precision = read_number(text).value_or(0);
}

void printer::print_verb(std::string_view text,
                         std::span<const value> operands) {
  const auto verb = first_rune(text.substr(at_));
  at_ += verb.size;
  std::string shown;
  append_rune(shown, verb.rune);
  if (verb.rune == '%') {
    out_ += '%';
  } else if (!good_index_) {
    out_ += "%!" + shown + "(BADINDEX)";
  } else if (operand_ >= operands.size()) {
    out_ += "%!" + shown + "(MISSING)";
  } else {
    if (verb.rune == 'v') {
      flags_.sharp_v = std::exchange(flags_.sharp, false);
      flags_.plus_v = std::exchange(flags_.plus, false);
    }
    print(operands[operand_++], verb.rune);
  }
}

void printer::print_extra(std::span<const value> operands) {
  flags_ = {};
  out_ += "%!(EXTRA ";
  for (std::size_t i = 0; i < operands.size() && !full(); ++i) {
    if (i > 0)
      out_ += ", ";
    if (!operands[i].valid()) {
      out_ += "<nil>";
      continue;
    }
    out_ += type_name(operands[i]) + "=";
    print(operands[i], 'v');
  }
  out_ += ')';
}

std::string print(std::span<const value> operands) {
  std::string out;
  bool text_before = true; // no space in front
  for (const auto& x : operands) {
    if (out.size() > printed_bytes_max)
      break;
    const bool is_text = x.what() == kind::text;
    if (!text_before && !is_text)
      out += ' ';
    print_value(out, x);
    text_before = is_text;
  }
  return out;
}

std::string print_line(std::span<const value> operands) {
  std::string out;
  for (std::size_t i = 0;
       i < operands.size() && out.size() <= printed_bytes_max; ++i) {
    if (i > 0)
      out += ' ';
    print_value(out, operands[i]);
  }
  return out + '\n';
}

std::string print_formatted(std::string_view format,
                            std::span<const value> operands) {
  std::string out;
  printer{out}.format(format, operands);
  return out;
}

void print_value(std::string& out, const value& x) {
  if (x.what() == kind::text)
    out += x.as_text();
  else
    printer{out}.print(x, 'v');
}

bool is_printable(const value& x) {
  const auto what = printable(x).what();
  return what != kind::function && what != kind::channel;
}

value printable(const value& x) {
  auto out = x.what() == kind::pointer ? indirect(x).end : x;
  if (!out.valid())
    return value::text("<no value>");
  return out;
}

} // namespace praetor::templates

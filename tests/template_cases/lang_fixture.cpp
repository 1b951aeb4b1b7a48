#include "tests/template_cases/lang_fixture.hpp"

#include "actors/template/core/utf8.hpp"

#include <cstdlib>
#include <string>

namespace praetor::templates::cases {

namespace {

std::string text_of(const rapidjson::Value& x) {
  return {x.GetString(), x.GetStringLength()};
}

// -- person and temp ---------------------------------------------------------

/// The record that a method was called on; of nil, the zero one.
const record* receiver_record(const call& c) {
  return c.receiver.what() == kind::record ? &c.receiver.as_record() : nullptr;
}

std::string name_of(const call& c) {
  return receiver_record(c)->fields[0].as_text();
}

result<value> greet(const call& c) {
  return value::text("hi " + name_of(c));
}

result<value> greet_with(const call& c) {
  return value::text(c.text(0) + " " + name_of(c));
}

result<value> sum(const call& c) {
  std::int64_t total = 0;
  for (const auto& x : c.arguments)
    total += x.as_integer();
  return value::integer(total);
}

result<value> person_failed(const call&) {
  return failure("person failed");
}

result<value> maybe(const call& c) {
  if (c[0].as_boolean())
    return value::text("fine");
  return failure("not ok");
}

result<value> pointer_name(const call& c) {
  return value::text(receiver_record(c) == nullptr ? "nobody"
                                                   : "ptr:" + name_of(c));
}

const std::vector<const function*>& person_methods() {
  static const std::vector<function> functions = [] {
    std::vector<function> out;
    const function_row rows[] = {
      {"Greet", "func() string", greet},
      {"GreetWith", "func(string) string", greet_with},
      {"Sum", "func(int, ...int) int", sum},
      {"Fail", "func() (string, error)", person_failed},
      {"Maybe", "func(bool) (string, error)", maybe},
      {"PtrName", "func() string", pointer_name},
    };
    for (const auto& row : rows)
      out.push_back(make_function(row));
    out.back().on_pointer = true;
    return out;
  }();
  static const std::vector<const function*> pointers = [] {
    std::vector<const function*> out;
    for (const auto& f : functions)
      out.push_back(&f);
    return out;
  }();
  return pointers;
}

type_ref person_type() {
  static const type_ref made = [] {
    auto x = std::make_shared<type>();
    x->what = kind::record;
    x->name = "main.Person";
    x->named = true;
    x->fields = {{"Name", type_named("string")},
                 {"Age", type_named("int")},
                 {"Tags", type_named("[]string")},
                 {"Meta", type_named("map[string]string")},
                 {"Boss", type_named("*main.Person")},
                 {"Any", type_named("interface {}")},
                 {"secret", type_named("string")}};
    x->methods = person_methods();
    return x;
  }();
  return made;
}

/// "*main.Person" of the type with fields and methods.
type_ref person_pointer_type() {
  static const type_ref made = [] {
    auto x = std::make_shared<type>(*type_named("*main.Person"));
    x->element = person_type();
    return x;
  }();
  return made;
}

value person(bool with_boss) {
  const auto plain = [](std::string name, int age) {
    return std::vector<value>{value::text(std::move(name)),
                              value::integer(age),
                              zero_of(type_named("[]string")),
                              zero_of(type_named("map[string]string")),
                              make_nil_pointer(person_pointer_type()),
                              value{},
                              value::text("")};
  };
  auto ann = plain("Ann", 41);
  ann[2] = make_texts({"x", "y"});
  ann[3] = make_map(type_named("map[string]string"));
  put(ann[3], "k", value::text("v"));
  ann[6] = value::text("s");
  if (!with_boss)
    return make_record(person_type(), std::move(ann));
  ann[4] = make_pointer(make_record(person_type(), plain("Bob", 60)),
                        person_pointer_type());
  ann[5] = value::integer(7);
  return make_pointer(make_record(person_type(), std::move(ann)),
                      person_pointer_type());
}

std::string degrees(const record& x) {
  return std::to_string(x.fields[0].as_integer()) + "°";
}

value temperature() {
  auto x = std::make_shared<type>();
  x->what = kind::record;
  x->name = "main.Temp";
  x->named = true;
  x->fields = {{"Deg", type_named("int")}};
  x->display = degrees;
  return make_record(x, {value::integer(21)});
}

value fixture(const std::string& name) {
  if (name == "person")
    return person(true);
  if (name == "person_value")
    return person(false);
  if (name == "nil_person")
    return make_nil_pointer(person_pointer_type());
  return temperature();
}

// -- typed data --------------------------------------------------------------

std::string error_text(const record& x) {
  return x.fields[0].as_text();
}

result<value> error_method(const call& c) {
  return receiver_record(c)->fields[0];
}

value error_value(std::string text) {
  static const auto method =
    make_function({"Error", "func() string", error_method});
  auto x = std::make_shared<type>();
  x->what = kind::record;
  x->name = "errors.errorString";
  x->named = true;
  x->fields = {{"s", type_named("string")}};
  x->display = error_text;
  x->methods = {&method};
  return make_pointer(make_record(x, {value::text(std::move(text))}));
}

/// Converts plain data to a declared type.
value as_type(const rapidjson::Value& x, const type_ref& declared);

value text_as_key(const std::string& text, const type_ref& declared) {
  if (declared->what == kind::text)
    return value::text(text);
  if (declared->what == kind::boolean)
    return value::boolean(text == "true");
  if (is_real(declared->what))
    return value::real(std::atof(text.c_str()), declared->what);
  return value::integer(std::atoll(text.c_str()), declared->what);
}

value as_type(const rapidjson::Value& x, const type_ref& declared) {
  if (declared->what == kind::any || x.IsObject() == false) {
    if (declared->what == kind::any || x.IsNull())
      return x.IsNull() ? zero_of(declared).unbox() : to_value(x);
  }
  if (declared->what == kind::list) {
    std::vector<value> items;
    for (const auto& item : x.GetArray())
      items.push_back(as_type(item, declared->element));
    return make_list(declared, std::move(items));
  }
  if (declared->what == kind::map) {
    const auto out = make_map(declared);
    for (const auto& member : x.GetObject())
      out.as_map().entries[text_as_key(text_of(member.name), declared->key)] =
        as_type(member.value, declared->element);
    return out;
  }
  if (is_signed(declared->what))
    return value::integer(x.GetInt64(), declared->what);
  if (is_unsigned(declared->what))
    return value::natural(x.GetUint64(), declared->what);
  if (is_real(declared->what))
    return value::real(x.GetDouble(), declared->what);
  return to_value(x);
}

value record_of(const rapidjson::Value& fields) {
  auto what = std::make_shared<type>();
  what->what = kind::record;
  what->named = true;
  std::vector<value> contents;
  std::string inside;
  for (const auto& f : fields.GetArray()) {
    contents.push_back(to_value(f[1]));
    const auto& x = contents.back();
    what->fields.push_back(
      {text_of(f[0]), x.valid() ? type_of(x) : type_named("interface {}")});
    inside += (inside.empty() ? " " : "; ") + what->fields.back().name + " "
              + what->fields.back().what->name;
  }
  what->name = "struct {" + inside + (inside.empty() ? "}" : " }");
  return make_record(what, std::move(contents));
}

value channel_of(const rapidjson::Value& numbers) {
  // Only counted sequences can be represented; the cases have no others.
  auto x = std::make_shared<channel>();
  x->what = type_named("<-chan int64");
  if (!numbers.Empty()) {
    x->next = numbers[0].GetInt64();
    x->stop = numbers[numbers.Size() - 1].GetInt64() + 1;
  }
  return value::of(std::move(x));
}

value typed_value(const rapidjson::Value& x) {
  const auto name = text_of(x["$t"]);
  if (name == "struct")
    return record_of(x["f"]);
  const auto& content = x["v"];
  if (name == "fixture")
    return fixture(text_of(content));
  if (name == "ptr")
    return make_pointer(to_value(content));
  if (name == "chan")
    return channel_of(content);
  if (name == "func")
    return value::of(&lang_functions().find(text_of(content))->second);
  if (name == "error")
    return error_value(text_of(content));
  if (name == "bytes") {
    std::vector<value> items;
    for (const auto c : text_of(content))
      items.push_back(
        value::natural(static_cast<unsigned char>(c), kind::uint8));
    return make_list(type_named("[]uint8"), std::move(items));
  }
  return as_type(content, type_named(name));
}

// -- functions ---------------------------------------------------------------

result<value> upper(const call& c) {
  return value::text(upper_case(c.text(0)));
}

result<value> cat(const call& c) {
  std::string out;
  for (const auto& x : c.arguments)
    out += x.as_text();
  return value::text(std::move(out));
}

result<value> join2(const call& c) {
  std::string out;
  for (std::size_t i = 1; i < c.size(); ++i)
    out += (i == 1 ? "" : c.text(0)) + c.text(i);
  return value::text(std::move(out));
}

result<value> identity(const call& c) {
  return c[0];
}

result<value> type_text(const call& c) {
  return value::text(type_name(c[0]));
}

result<value> list_of(const call& c) {
  return make_any_list({c.arguments.begin(), c.arguments.end()});
}

result<value> dict(const call& c) {
  const auto out = make_any_map();
  for (std::size_t i = 0; i + 1 < c.size(); i += 2)
    put(out, c.text(i), c[i + 1]);
  return out;
}

result<value> fail_if(const call& c) {
  if (c.size() == 0 || c[0].as_boolean())
    return failure("boom");
  return value::text("ok");
}

result<value> crash(const call&) {
  return failure("kaboom");
}

result<value> zero(const call&) {
  return value::integer(0);
}

result<value> yes(const call&) {
  return value::boolean(true);
}

result<value> text_pointer(const call& c) {
  return make_pointer(c[0]);
}

result<value> nothing(const call&) {
  return value{};
}

constexpr function_row rows[] = {
  {"add", "func(int, int) int", sum},
  {"sum", "func(...int) int", sum},
  {"upper", "func(string) string", upper},
  {"cat", "func(...string) string", cat},
  {"join2", "func(string, ...string) string", join2},
  {"ident", "func(interface {}) interface {}", identity},
  {"typeof", "func(interface {}) string", type_text},
  {"list", "func(...interface {}) []interface {}", list_of},
  {"dict", "func(...interface {}) map[string]interface {}", dict},
  {"fail", "func() (string, error)", fail_if},
  {"failIf", "func(bool) (string, error)", fail_if},
  {"crash", "func() string", crash},
  {"zero", "func() int", zero},
  {"yes", "func() bool", yes},
  {"f64", "func(float64) float64", identity},
  {"u8", "func(uint8) uint8", identity},
  {"strp", "func(string) *string", text_pointer},
  {"nothing", "func() interface {}", nothing},
};

} // namespace

value to_value(const rapidjson::Value& x) {
  switch (x.GetType()) {
    case rapidjson::kNullType: return {};
    case rapidjson::kFalseType:
    case rapidjson::kTrueType: return value::boolean(x.GetBool());
    case rapidjson::kStringType: return value::text(text_of(x));
    case rapidjson::kNumberType:
      return x.IsInt64() ? value::integer(x.GetInt64())
                         : value::real(x.GetDouble());
    case rapidjson::kArrayType: {
      std::vector<value> items;
      for (const auto& item : x.GetArray())
        items.push_back(to_value(item));
      return make_any_list(std::move(items));
    }
    case rapidjson::kObjectType: break;
  }
  if (x.HasMember("$t"))
    return typed_value(x);
  const auto out = make_any_map();
  for (const auto& member : x.GetObject())
    put(out, text_of(member.name), to_value(member.value));
  return out;
}

const function_table& lang_functions() {
  static const auto table = [] {
    function_table out;
    add_functions(out, rows);
    return out;
  }();
  return table;
}

} // namespace praetor::templates::cases

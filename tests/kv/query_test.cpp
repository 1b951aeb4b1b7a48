// Goal: reads of keys find what is there, encoded as the contract says, with
// the index that the contract says; writes touch the topics that reads name.
// Method: tables; expected values were recorded from Consul 1.8.7.

#include "tests/kv/kv_fixture.hpp"

using namespace praetor;
using namespace praetor::kv;

namespace {

bool touches(const topic& t, const std::string& name) {
  return t.prefix ? name.starts_with(t.name) : name == t.name;
}

} // namespace

TEST_CASE("query: an entry has the members of the contract in its order",
          "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a)});
  auto x = op_by(verb::lock, "a\"<\u00e9", session_a, "hello");
  x.flags = 18'446'744'073'709'551'615ULL;
  m.write(x);
  const auto json = R"([{"LockIndex":1,"Key":"a\"\u003c)"
                    "\u00e9"
                    R"(","Flags":18446744073709551615,"Value":"aGVsbG8=",)"
                    R"("Session":")"
                    + session_a + R"(","CreateIndex":12,"ModifyIndex":12}])";
  CHECK(m.get(query_kind::key, x.key) == json);
  CHECK(m.get(query_kind::prefix, "a") == json);
  CHECK(m.get(query_kind::key_raw, x.key) == "hello");

  m.write(op(verb::set, "e"));
  CHECK(m.get(query_kind::key, "e")
        == R"([{"LockIndex":0,"Key":"e","Flags":0,"Value":null,)"
           R"("CreateIndex":13,"ModifyIndex":13}])");
  CHECK(m.get(query_kind::key_raw, "e").empty());
}

TEST_CASE("query: values are base64, of any length and with any bytes",
          "[kv][core]") {
  struct row {
    std::string value;
    const char* json;
  };
  const std::vector<row> rows = {
    {"f", "\"Zg==\""},
    {"fo", "\"Zm8=\""},
    {"foo", "\"Zm9v\""},
    {std::string("\0\1\2\3\4\xff", 6), "\"AAECAwT/\""},
    {"\xfb\xef\xbe", "\"++++\""},
  };
  for (const auto& row : rows) {
    machine m;
    m.write(op(verb::set, "k", row.value));
    const auto json = m.get(query_kind::key, "k");
    CHECK(json.find(std::string{"\"Value\":"} + row.json + ",")
          != std::string::npos);
    CHECK(m.get(query_kind::key_raw, "k") == row.value);
  }
}

TEST_CASE("query: keys are cut after the separator behind the prefix",
          "[kv][core]") {
  machine m;
  for (const auto* key : {"b", "a/x", "a", "ab", "B", "a-", "c/d/e", "c/d/f"})
    m.write(op(verb::set, key));
  struct row {
    const char* prefix;
    const char* separator;
    const char* keys;
  };
  const std::vector<row> rows = {
    {"", "", R"(["B","a","a-","a/x","ab","b","c/d/e","c/d/f"])"},
    {"", "/", R"(["B","a","a-","a/","ab","b","c/"])"},
    {"a", "", R"(["a","a-","a/x","ab"])"},
    {"a", "/", R"(["a","a-","a/","ab"])"},
    {"c", "/", R"(["c/"])"},
    {"c/", "/", R"(["c/d/"])"},
    {"c/d", "/", R"(["c/d/"])"},
    {"c/d/", "/", R"(["c/d/e","c/d/f"])"},
    {"c", "d/", R"(["c/d/"])"},
    {"", "/d", R"(["B","a","a-","a/x","ab","b","c/d"])"},
    {"zz", "", "(not found)"},
    {"zz", "/", "(not found)"},
  };
  for (const auto& row : rows) {
    INFO("prefix=" << row.prefix << " separator=" << row.separator);
    CHECK(m.get(query_kind::keys, row.prefix, row.separator) == row.keys);
  }
  CHECK(m.get(query_kind::prefix, "zz") == "(not found)");
  CHECK(m.get(query_kind::key, "zz") == "(not found)");
  CHECK(m.get(query_kind::key_raw, "c/d") == "(not found)");
  CHECK(m.get(query_kind::key, "") == "(not found)");
}

TEST_CASE("query: without keys only the list of all is found", "[kv][core]") {
  machine m;
  CHECK(m.get(query_kind::keys) == "[]");
  CHECK(m.get(query_kind::keys, "a") == "(not found)");
  CHECK(m.get(query_kind::prefix) == "(not found)");
  CHECK(m.ask(query_kind::keys).index == 0);
  const auto missing = m.ask(query_kind::key, "a");
  REQUIRE(missing.body);
  CHECK(missing.body->empty());
}

TEST_CASE("query: indexes are those of the contract", "[kv][core]") {
  machine m;
  m.write(op(verb::set, "d/a"));      // 11
  m.write(op(verb::set, "d/b/c"));    // 12
  m.write(op(verb::set, "e"));        // 13
  m.write(op(verb::remove, "d/b/c")); // 14
  m.write(op(verb::set, "e", "2"));   // 15
  struct row {
    query_kind kind;
    const char* name;
    log_index index;
    /// After `remove_tree d/` at 16 and a write of "e" at 17.
    log_index later;
  };
  const std::vector<row> rows = {
    {query_kind::key, "d/a", 11, 17}, // present; absent: the table's
    {query_kind::key_raw, "d/a", 11, 17},
    {query_kind::key, "d/b/c", 15, 17}, // absent
    {query_kind::key, "e", 15, 17},
    {query_kind::prefix, "d/", 14, 16}, // with the deleted
    {query_kind::keys, "d/", 14, 16},
    {query_kind::prefix, "d/b/", 14, 17}, // only the deleted
    {query_kind::prefix, "d/b/c", 14, 17},
    {query_kind::prefix, "d/a", 11, 17},
    {query_kind::keys, "d/b/c/x", 15, 17}, // nothing ever
    {query_kind::prefix, "d", 14, 16},
    {query_kind::prefix, "", 15, 17},
    {query_kind::keys, "", 15, 17},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(m.ask(row.kind, row.name).index == row.index);
  }
  m.write(op(verb::remove_tree, "d/"));
  m.write(op(verb::set, "e", "3"));
  m.write(op(verb::remove, "nothing"));
  m.write(op(verb::remove_tree, "nothing"));
  m.write(op(verb::set, "e", "3"));
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(m.ask(row.kind, row.name).index == row.later);
  }
}

TEST_CASE("query: a change touches exactly the reads that show it",
          "[kv][core]") {
  machine m;
  m.apply(create_session{make_session(session_a)});
  m.write(op(verb::set, "p/a", "1"));
  m.write(op(verb::set, "p/b", "1"));
  m.core.take_touched();
  const std::vector<query> queries = {
    {query_kind::key, "p/a", "", {}},
    {query_kind::key_raw, "p/a", "", {}},
    {query_kind::prefix, "p/", "", {}},
    {query_kind::keys, "p/b", "/", {}},
    {query_kind::keys, "", "", {}},
    {query_kind::prefix, "q", "", {}},
    {query_kind::sessions, "", "", {}},
    {query_kind::session, "x", "", {}},
    {query_kind::sessions_of_node, "n", "", {}},
    {query_kind::session_ttls, "", "", {}},
  };
  struct row {
    const char* name;
    command what;
    /// One digit for each query above.
    const char* touched;
  };
  const std::vector<row> rows = {
    {"set", write_key{op(verb::set, "p/a", "2")}, "1110100000"},
    {"same", write_key{op(verb::set, "p/a", "2")}, "0000000000"},
    {"lost", write_key{op(verb::cas, "p/a", "3")}, "0000000000"},
    {"other key", write_key{op(verb::set, "p/b", "2")}, "0011100000"},
    {"absent", write_key{op(verb::remove, "zz")}, "0000000000"},
    {"lock", write_key{op_by(verb::lock, "p/a", session_a)}, "1110100000"},
    {"session", create_session{make_session(session_b)}, "0000001111"},
    {"unknown session", destroy_session{session_c}, "0000000000"},
    {"end", destroy_session{session_a}, "1110101111"},
    {"transaction",
     make_transaction({op(verb::set, "q", "1"), op(verb::remove, "p/b")}),
     "0011110000"},
    {"tree", write_key{op(verb::remove_tree, "p")}, "1110100000"},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    m.apply(row.what);
    const auto names = m.core.take_touched();
    std::string touched;
    for (const auto& q : queries) {
      auto hit = false;
      for (const auto& t : m.core.topics(q))
        for (const auto& name : names)
          hit = hit || touches(t, name);
      touched += hit ? '1' : '0';
    }
    CHECK(touched == row.touched);
    CHECK(m.core.take_touched().empty());
  }
}

TEST_CASE("query: long answers are kept, single keys are not", "[kv][core]") {
  for (const auto kind : {query_kind::prefix, query_kind::keys,
                          query_kind::sessions, query_kind::sessions_of_node})
    CHECK(kv_core::cacheable({kind, "", "", {}}));
  for (const auto kind :
       {query_kind::key, query_kind::key_raw, query_kind::session,
        query_kind::session_ttls, query_kind::transaction})
    CHECK_FALSE(kv_core::cacheable({kind, "", "", {}}));
}

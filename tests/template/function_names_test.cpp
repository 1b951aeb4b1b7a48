// Goal: every function that consul-template has is known, and no other.
// Method: the names from the documentation of consul-template 0.19 to 0.42,
// Go's text/template and Sprig 3, against the tables; what is known but not
// built is named, too.

#include "actors/template/core/function.hpp"
#include "runtime/base/text.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace praetor::templates {

namespace {

const std::string_view builtins =
  "and call eq ge gt html index js le len lt ne not or print printf println "
  "slice urlquery";

const std::string_view dependencies =
  "caLeaf caRoots connect datacenters exportedServices file importedServices "
  "key keyExists keyOrDefault ls node nodes partitions peerings safeLs "
  "safeTree service services tree";

const std::string_view helpers =
  "add base64Decode base64Encode base64URLDecode base64URLEncode byKey byMeta "
  "byPort byTag contains containsAll containsAny containsNone containsNotAll "
  "divide env envOrDefault executeTemplate explode explodeMap hmacSHA256Hex in "
  "indent join loop maximum md5sum mergeMap mergeMapWithOverride minimum "
  "modulo "
  "multiply mustEnv parseBool parseFloat parseInt parseJSON parseUint "
  "parseYAML plugin regexMatch regexReplaceAll replaceAll scratch sha256Hex "
  "sockaddr spew_dump spew_printf spew_sdump spew_sprintf split splitToMap "
  "subtract timestamp toJSON toJSONPretty toLower toTOML toTitle "
  "toUnescapedJSON "
  "toUnescapedJSONPretty toUpper toYAML trim trimPrefix trimSpace trimSuffix "
  "writeToFile";

/// Each is called `sprig_` and this.
const std::string_view sprig =
  // texts
  "abbrev abbrevboth trunc trim upper lower title untitle substr repeat "
  "trimall "
  "trimAll trimSuffix trimPrefix nospace initials randSeededNumeric swapcase "
  "shuffle snakecase camelcase kebabcase wrap wrapWith contains hasPrefix "
  "hasSuffix quote squote cat indent nindent replace plural sha1sum sha256sum "
  "sha512sum adler32sum toString split splitList splitn toStrings join "
  "sortAlpha "
  // numbers
  "atoi int64 int float64 seq toDecimal until untilStep add1 add sub div mod "
  "mul randInt add1f addf subf divf mulf biggest max min maxf minf ceil floor "
  "round "
  // defaults, reflection, paths, encoding
  "default empty coalesce all any compact mustCompact ternary fromJson toJson "
  "toPrettyJson toRawJson mustFromJson mustToJson mustToPrettyJson "
  "mustToRawJson deepCopy mustDeepCopy typeOf typeIs typeIsLike kindOf kindIs "
  "deepEqual base dir clean ext isAbs osBase osClean osDir osExt osIsAbs "
  "b64enc "
  "b64dec b32enc b32dec "
  // lists and maps
  "tuple list dict get set unset hasKey pluck keys pick omit merge "
  "mergeOverwrite mustMerge mustMergeOverwrite values append push mustAppend "
  "mustPush prepend mustPrepend first mustFirst rest mustRest last mustLast "
  "initial mustInitial reverse mustReverse uniq mustUniq without mustWithout "
  "has mustHas slice mustSlice concat dig chunk mustChunk "
  // the rest
  "regexMatch mustRegexMatch regexFindAll mustRegexFindAll regexFind "
  "mustRegexFind regexReplaceAll mustRegexReplaceAll regexReplaceAllLiteral "
  "mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta "
  "urlParse "
  "urlJoin semver semverCompare fail hello ago duration durationRound "
  "mustDateModify must_date_modify mustToDate toDate unixEpoch "
  "bcrypt htpasswd genPrivateKey derivePassword buildCustomCert genCA "
  "genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert "
  "genSignedCertWithKey encryptAES decryptAES";

/// Known, so that a template parses, but an error when called.
const std::string_view elsewhere =
  "secret secrets pkiCert nomadServices nomadService nomadVarList "
  "nomadVarListSafe nomadVar nomadVarExists";

/// Sprig's functions whose result is not the same everywhere: not there.
const std::string_view left_out =
  "date date_in_zone date_modify now htmlDate htmlDateInZone dateInZone "
  "dateModify randAlphaNum randAlpha randAscii randNumeric randBytes uuidv4 "
  "env "
  "expandenv getHostByName";

std::set<std::string> words(std::string_view text, const char* prefix = "") {
  std::set<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0)
      out.insert(prefix + std::string{text.substr(0, end)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::set<std::string> names(const function_table& table) {
  std::set<std::string> out;
  for (const auto& [name, x] : table)
    out.insert(name);
  return out;
}

} // namespace

TEST_CASE("functions: all of Go's and consul-template's are known",
          "[template]") {
  CHECK(names(builtin_functions()) == words(builtins));
  auto expected = words(sprig, "sprig_");
  for (const auto text : {dependencies, helpers, elsewhere})
    expected.merge(words(text));
  const auto known = names(consul_functions());
  for (const auto& name : expected) {
    CAPTURE(name);
    CHECK(known.contains(name));
  }
  for (const auto& name : known) {
    CAPTURE(name);
    CHECK(expected.contains(name));
  }
  for (const auto& name : words(left_out, "sprig_")) {
    CAPTURE(name);
    CHECK_FALSE(known.contains(name));
  }
}

} // namespace praetor::templates

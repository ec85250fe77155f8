// SARIF 2.1.0, the static analysis results interchange format of OASIS. Door: render.h. Section numbers are those of
// the standard.
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "compiler/diagnostics/render.h"

namespace alidade {
namespace {

using Json = nlohmann::ordered_json;
constexpr size_t kMostResults = 5000;
constexpr const char* kRootName = "SRCROOT";

/// What a URI may not hold is percent-encoded (RFC 3986).
std::string uri(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/!$&'()*+,;=@";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte) != 0) || kPlain.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

/// unknown_name → UnknownName
std::string rule_name(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c != '_') out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = c == '_';
  }
  return out;
}

/// A sentence, as SARIF's texts are.
std::string sentence(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(out.front())));
  if (!out.empty() && out.back() != '.' && out.back() != '?') out += '.';
  return out;
}

/// §3.49: what a rule is, with its explanation as the help.
Json rule_of(const CodeInfo& info) {
  std::string text = info.explanation, markdown = info.explanation;
  for (const auto& [word, example] : {std::pair("Wrong", info.wrong), std::pair("Right", info.right)}) {
    if (*example == '\0') continue;
    text += fmt::format("\n\n{}:\n\n{}", word, example);
    markdown += fmt::format("\n\n**{}**\n\n```\n{}```", word, example);
  }
  return {{"id", code_text(info.code)},
          {"name", rule_name(info.name)},
          {"shortDescription", {{"text", sentence(info.title)}}},
          {"fullDescription", {{"text", info.explanation}}},
          {"help", {{"text", text}, {"markdown", markdown}}},
          {"defaultConfiguration", {{"level", severity_text(info.severity)}}},
          {"properties",
           {{"tags", {"metrics"}}, {"precision", "very-high"}, {"problem.severity", severity_text(info.severity)}}}};
}

/// §3.4. A path outside the root keeps its whole place.
Json artifact(const SourceFile& file, const ReportRoot& root) {
  const std::string path = root.path(file.path());
  if (path.starts_with("/")) return {{"uri", "file://" + uri(path)}};
  return {{"uri", uri(path)}, {"uriBaseId", kRootName}};
}

/// §3.30: lines and columns from 1, the end column past the last.
Json region(const SourceFile& file, Span span) {
  const LineColumn begin = file.position(span.begin), end = file.position(span.end);
  return {{"startLine", begin.line}, {"startColumn", begin.column}, {"endLine", end.line}, {"endColumn", end.column}};
}

Json place(const SourceFile& file, Span span, const ReportRoot& root) {
  return {{"artifactLocation", artifact(file, root)}, {"region", region(file, span)}};
}

/// The code, the words of the line and how many such there were before: a fingerprint that an edit elsewhere keeps.
std::string fingerprint(const Diagnostic& d, std::map<std::string, int>& seen) {
  std::string words = code_text(d.code);
  for (const char c : d.file->line(d.file->position(d.span.begin).line)) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) words += c;
  }
  const std::string hash = fmt::format("{:016x}", XXH3_64bits(words.data(), words.size()));
  return fmt::format("{}:{}", hash, ++seen[d.file->path() + "\n" + hash]);
}

/// §3.55
Json fix_of(const Diagnostic& d, const Fix& fix, const ReportRoot& root) {
  const Json replacement = {{"deletedRegion", region(*d.file, fix.span)},
                            {"insertedContent", {{"text", fix.replacement}}}};
  const std::string what = fix.replacement.find('\n') == std::string::npos && !fix.replacement.empty()
                               ? fmt::format("write `{}`", fix.replacement)
                               : "change this";
  return {{"description", {{"text", fix.certain ? what : what + ", if that is meant"}}},
          {"artifactChanges",
           {{{"artifactLocation", artifact(*d.file, root)}, {"replacements", Json::array({replacement})}}}}};
}

/// §3.27
Json result_of(const Diagnostic& d, size_t rule, const ReportRoot& root, std::map<std::string, int>& seen) {
  const std::string message = d.help.empty() ? d.message : d.message + "\nhelp: " + d.help;
  Json result = {{"ruleId", code_text(d.code)},
                 {"ruleIndex", rule},
                 {"level", severity_text(d.severity)},
                 {"message", {{"text", message}}},
                 {"locations", Json::array()}};
  if (d.file == nullptr) return result;
  result["locations"].push_back({{"physicalLocation", place(*d.file, d.span, root)}});
  for (size_t i = 0; i < d.labels.size(); ++i) {
    const Label& label = d.labels[i];
    result["relatedLocations"].push_back(
        {{"id", i + 1},
         {"physicalLocation", place(label.file == nullptr ? *d.file : *label.file, label.span, root)},
         {"message", {{"text", label.text}}}});
  }
  result["partialFingerprints"] = {{"primaryLocationLineHash", fingerprint(d, seen)}};
  for (const Fix& fix : d.fixes) result["fixes"].push_back(fix_of(d, fix, root));
  return result;
}

}  // namespace

std::string render_sarif(const DiagnosticSink& sink, const ReportRoot& root, const std::string& version) {
  const std::vector<const Diagnostic*> all = by_severity(sink);
  const size_t shown = std::min(all.size(), kMostResults);
  std::map<Code, size_t> rules;
  std::map<std::string, int> seen;
  Json rule_list = Json::array(), results = Json::array();
  for (size_t i = 0; i < shown; ++i) {
    auto [rule, is_new] = rules.try_emplace(all[i]->code, rules.size());
    if (is_new) rule_list.push_back(rule_of(*find_code(static_cast<int>(all[i]->code))));
    results.push_back(result_of(*all[i], rule->second, root, seen));
  }
  Json invocation = {{"executionSuccessful", true}};
  if (shown < all.size()) {
    const std::string text = fmt::format("{} more results are left out", all.size() - shown);
    invocation["toolExecutionNotifications"] = Json::array({{{"level", "warning"}, {"message", {{"text", text}}}}});
  }
  Json run = {{"tool", {{"driver", {{"name", "Alidade"}, {"semanticVersion", version}, {"rules", rule_list}}}}},
              {"invocations", Json::array({invocation})},
              {"columnKind", "unicodeCodePoints"},
              {"results", results}};
  if (!root.folder.empty()) {
    const std::string folder = root.folder.ends_with("/") ? root.folder : root.folder + "/";
    run["originalUriBaseIds"] = {{kRootName, {{"uri", "file://" + uri(folder)}}}};
  }
  const Json log = {
      {"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array({run})}};
  return log.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace alidade

// What the command is made of, without the command: alidade.toml, files written whole, the sources a plan reads.
// rooms: alidade_driver
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "compiler/driver/project.h"
#include "compiler/driver/sources.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, gone at the end.
struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "alidade_XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

int code_of(const Result<Project>& project) { return project.ok() ? 0 : project.error().code; }

TEST_CASE("alidade.toml is found upward and its paths are relative to it") {
  const Folder folder;
  folder.write("alidade.toml",
               "[sources.app]\npath = \"data/*.csv\"\n[sources.spend]\npath = \"s.bin\"\nformat = \"csv\"\n");
  fs::create_directories(folder.path / "deep" / "er");
  const Result<Project> project = load_project(folder.path / "deep" / "er", "");
  REQUIRE(project.ok());
  CHECK(project.value().root == folder.path);
  CHECK(project.value().sources.at("app").options.path == (folder.path / "data/*.csv").string());
  CHECK(project.value().sources.at("spend").options.format == "csv");
}

TEST_CASE("a profile's sources stand over the plain ones") {
  const Folder folder;
  folder.write(
      "alidade.toml",
      "[sources.app]\npath = \"a\"\n[sources.b]\npath = \"b\"\n[profiles.live.sources.app]\npath = \"/live\"\n");
  const Result<Project> live = load_project(folder.path, "live");
  REQUIRE(live.ok());
  CHECK(live.value().sources.at("app").options.path == "/live");
  CHECK(live.value().sources.at("b").options.path == (folder.path / "b").string());
  const Result<Project> typo = load_project(folder.path, "lve");
  CHECK(code_of(typo) == 1104);
  CHECK(typo.error().message.find("live") != std::string::npos);
}

TEST_CASE("a source says how its data is written") {
  const Folder folder;
  folder.write("alidade.toml",
               "[sources.app]\npath = \"a.txt\"\nformat = \"csv\"\ndelimiter = \";\"\nquote = \"\"\ndecimal = \",\"\n"
               "thousands = \".\"\nmissing = [\"\", \"n/a\"]\ntimes = \"%d.%m.%Y\"\nepoch = \"ms\"\n"
               "[sources.app.fields]\nat = \"occurred_at\"\n[sources.b]\npath = \"-\"\nmissing = \"NULL\"\n");
  const Result<Project> project = load_project(folder.path, "");
  REQUIRE(project.ok());
  const ProjectSource& app = project.value().sources.at("app");
  CHECK(app.options.delimiter == ';');
  CHECK(app.options.quote == 0);
  CHECK(app.options.form.decimal == ',');
  CHECK(app.options.form.thousands == '.');
  CHECK(app.options.form.missing == std::vector<std::string>{"n/a"});
  CHECK(app.options.empty_is_missing);
  CHECK(app.options.form.times == std::vector<std::string>{"%d.%m.%Y"});
  CHECK(app.options.form.epoch_micros == 1000);
  CHECK(app.fields.at("at") == "occurred_at");
  const ProjectSource& b = project.value().sources.at("b");
  CHECK(b.options.path == "-");
  CHECK(!b.options.empty_is_missing);

  const std::string source = "[sources.app]\npath = \"a.csv\"\n";
  const auto message = [&](const std::string& line) {
    folder.write("alidade.toml", source + line);
    const Result<Project> wrong = load_project(folder.path, "");
    const std::string text = wrong.ok() ? ":3:1: fine" : wrong.error().message;
    return text.substr(text.find(": ") + 2);
  };
  CHECK(message("delimeter = \";\"\n") == "there is no setting \"delimeter\"; did you mean \"delimiter\"?");
  CHECK(message("delimiter = \"\"\n") == "delimiter is one character, such as \";\" or \"\\t\"");
  CHECK(message("decimal = \"x\"\n") == "decimal is \".\", \",\"");
  CHECK(message("thousands = \".\"\n") == "decimal and thousands are both \".\"");
  CHECK(message("format = \"xml\"\n") == "format is \"csv\", \"jsonl\", \"parquet\", \"arrow\"");
  CHECK(message("times = \"%d.%m\"\n") ==
        "times = \"%d.%m\": it needs a year (%Y), a month (%m) and a day (%d), as in \"%d.%m.%Y\"");
  CHECK(message("times = \"%d.%m.%Q\"\n").find("%Q is none of") != std::string::npos);
  CHECK(message("missing = [1]\n") == "missing is a text or a list of texts");
  CHECK(message("epoch = \"h\"\n") == "epoch is \"s\", \"ms\", \"us\", \"ns\"");
  CHECK(message("fields = \"at\"\n") == "fields is a table of columns: fields = { at = \"occurred_at\" }");
}

TEST_CASE("what is wrong in alidade.toml has a place") {
  const Folder folder;
  folder.write("alidade.toml", "[source.app]\npath = \"a\"\n");
  const Result<Project> unknown = load_project(folder.path, "");
  CHECK(code_of(unknown) == 1103);
  CHECK(unknown.error().message.find("alidade.toml:1:") != std::string::npos);
  CHECK(unknown.error().message.find("sources") != std::string::npos);
  for (const char* text : {"[sources.app\n", "sources = 3\n", "[sources.app]\n", "[sources.app]\npath = 3\n",
                           "[sources.app]\npath = \"a\"\nformat = \"xml\"\n", "specs = \"a\"\n", "specs = [1]\n"}) {
    folder.write("alidade.toml", text);
    CAPTURE(text);
    CHECK(code_of(load_project(folder.path, "")) == 1102);
  }
}

TEST_CASE("specs are the files that the patterns name") {
  const Folder folder;
  folder.write("b.metric", "");
  folder.write("a.metric", "");
  folder.write("a.txt", "");
  const Result<Project> project = load_project(folder.path, "");
  REQUIRE(project.ok());
  const auto specs = project_specs(project.value());
  REQUIRE(specs.ok());
  CHECK(specs.value() ==
        std::vector<std::string>{(folder.path / "a.metric").string(), (folder.path / "b.metric").string()});
  Project none = project.value();
  none.specs = {"*.nothing"};
  CHECK(project_specs(none).error().code == 1105);
}

TEST_CASE("a file is written whole or not at all") {
  const Folder folder;
  const std::string path = (folder.path / "out.csv").string();
  CHECK(write_file(path, "one").ok());
  CHECK(read_file(path).value() == "one");
  chmod(path.c_str(), 0640);
  CHECK(write_file(path, std::string(300000, 'x')).ok());
  CHECK(read_file(path).value().size() == 300000);
  struct stat after{};
  stat(path.c_str(), &after);
  CHECK((after.st_mode & 0777) == 0640);
  CHECK(folder.files() == 1);
  CHECK(write_file((folder.path / "no" / "out.csv").string(), "x").error().code == 8201);
  CHECK(write_file("/dev/full", "x").error().code == 8201);
  CHECK(write_file("/dev/null", "x").ok());
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(read_file((folder.path / "none").string()).error().code == 1101);
}

TEST_CASE("a link stays a link when its file is written") {
  const Folder folder;
  folder.write("real.csv", "old");
  fs::create_symlink("real.csv", folder.path / "link.csv");
  CHECK(write_file((folder.path / "link.csv").string(), "new").ok());
  CHECK(fs::is_symlink(folder.path / "link.csv"));
  CHECK(read_file((folder.path / "real.csv").string()).value() == "new");
}

TEST_CASE("--data takes STREAM=PATH") {
  ProjectSources sources;
  sources["app"].options.format = "parquet";
  sources["app"].options.delimiter = ';';
  CHECK(add_data("app=a=b.csv", &sources).empty());
  CHECK(sources.at("app").options.path == "a=b.csv");
  CHECK(sources.at("app").options.format.empty());
  CHECK(sources.at("app").options.delimiter == ';');
  CHECK(add_data("app=-", &sources).empty());
  CHECK(add_data("users=-", &sources) == "only one stream or table can be read from the standard input");
  for (const char* wrong : {"app", "=a", "app=", ""}) CHECK(!add_data(wrong, &sources).empty());
}

TEST_CASE("a source's time, id and arrived are always read, a table's key too") {
  Plan plan;
  SourceSchema app, users;
  app.fields.resize(6);
  app.time = 3;
  app.id = 1;
  app.arrived = 5;
  users.fields.resize(3);
  users.key = 0;
  plan.streams = {SourceSchema{}, app};
  plan.tables = {users};
  Pipeline pipeline;
  pipeline.stream = 1;
  ColumnUse field, attribute;
  field.field = 2;
  attribute.kind = ColumnKind::kAttribute;
  attribute.table = 0;
  attribute.field = 2;
  attribute.entity_field = 4;
  pipeline.columns = {field, attribute};
  plan.pipelines = {pipeline};
  const std::vector<SourceUse> uses = sources_read(plan);
  REQUIRE(uses.size() == 2);
  CHECK(uses[0].fields == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(uses[1].fields == std::vector<int>{0, 2});
}

}  // namespace
}  // namespace alidade

// Modules: which files a spec is made of, under which names their declarations are known, and what a module's
// parameters are given. A module without parameters is one, whoever imports it; each import with arguments is one of
// its own.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

const ast::Decl* module_header(const ast::File& file) {
  auto at = std::find_if(file.decls.begin(), file.decls.end(),
                         [](const ast::Decl& decl) { return decl.kind == ast::DeclKind::kModule; });
  return at == file.decls.end() ? nullptr : &*at;
}

}  // namespace

const ast::File& Analyser::file_in(int module) const {
  return files_.files[static_cast<size_t>(modules_[static_cast<size_t>(module)].file)]->file;
}

/// Names of one text differ between modules, so what is written in one never finds what another declares.
Name Analyser::name_in(int module, const ast::Ident& ident) {
  const ModuleUse& use = modules_[static_cast<size_t>(module)];
  return use.names == nullptr ? ident.name : use.names->intern(ident.name.text());
}

std::string Analyser::qualified(int module, std::string_view name) const {
  const std::string& prefix = modules_[static_cast<size_t>(module)].name;
  return prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
}

/// Breadth first, so that what is reached along several ways is called by the shortest.
void Analyser::use_modules() {
  modules_.emplace_back();
  for (int m = 0; m < static_cast<int>(modules_.size()); ++m) {
    ModuleUse& use = modules_[static_cast<size_t>(m)];
    const ast::Decl* header = module_header(file_in(m));
    bool given = use.import != nullptr && !modules_[static_cast<size_t>(use.importer)].open;
    use.open = header != nullptr && !header->params.empty() && !given;
    const size_t first = symbols_.size();
    collect_symbols(m);
    const std::vector<int>& imports = files_.imports[static_cast<size_t>(use.file)];
    size_t next = 0;
    for (const ast::Decl& decl : file_in(m).decls) {
      if (decl.kind != ast::DeclKind::kImport) continue;
      int file = next < imports.size() ? imports[next] : -1;
      ++next;
      auto symbol = std::find_if(symbols_.begin() + static_cast<ptrdiff_t>(first), symbols_.end(),
                                 [&](const Symbol& one) { return one.decl == &decl; });
      const bool used = symbol != symbols_.end() && file >= 0 && !decl.broken;
      if (used) symbol->index = use_module(m, decl, file);
    }
  }
}

int Analyser::use_module(int importer, const ast::Decl& import, int file) {
  const int next = static_cast<int>(modules_.size());
  const ast::Decl* header = module_header(files_.files[static_cast<size_t>(file)]->file);
  bool own = !import.args.empty() || (header != nullptr && !header->params.empty());
  if (!own) {
    auto [at, inserted] = shared_modules_.try_emplace(file, next);
    if (!inserted) return at->second;
  }
  ModuleUse use;
  use.file = file;
  use.name = qualified(importer, import.name.name.text());
  use.importer = importer;
  if (own) {
    use.import = &import;
    use.names = std::make_unique<NameTable>();
  }
  modules_.push_back(std::move(use));
  return next;
}

/// A spec has one calendar: that of any of its files, and the same where several have one.
void Analyser::check_calendar(const ast::Decl& decl, int module) {
  const ast::Decl* header = modules_[static_cast<size_t>(module)].header;
  if (header != nullptr && !header->params.empty()) {
    error(Code::not_in_open_module, decl.keyword, "a module with parameters has no calendar of its own",
          "leave it out: the calendar is that of the spec that imports the module");
    return;
  }
  const CalendarSpec first = std::exchange(model_.calendar, {});
  declare_calendar(decl);
  if (calendar_decl_ == nullptr) {
    calendar_decl_ = &decl;
    return;
  }
  const CalendarSpec& other = model_.calendar;
  if (first.zone != other.zone || first.week_start != other.week_start || first.year_start != other.year_start) {
    error(Code::calendars_differ, calendar_decl_->keyword, "two modules of one spec have different calendars",
          "declare it in one of them: a module without a calendar has that of the spec")
        .labels.push_back({decl.keyword, "the other"});
  }
  model_.calendar = first;
}

/// What can only be checked once the streams of all modules are declared.
void Analyser::check_modules() {
  std::map<std::string_view, const Symbol*> sources;
  for (const Symbol& symbol : symbols_) {
    bool source = symbol.kind == SymbolKind::kStream || symbol.kind == SymbolKind::kTable;
    if (!source) continue;
    auto [at, inserted] = sources.try_emplace(symbol.name.text(), &symbol);
    if (inserted) continue;
    error(Code::duplicate_name, symbol.decl->name.span,
          fmt::format("two modules of one spec declare the rows of `{}`", symbol.name.text()),
          "the data of a stream or table is found by its name: rename one, or declare it once and import that module")
        .labels.push_back({at->second->decl->name.span, "the other"});
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kModule) continue;
    for (const ModelSource& stream : model_.streams) {
      bool entity = std::any_of(stream.entities.begin(), stream.entities.end(), [&](int field) {
        return stream.fields[static_cast<size_t>(field)].name == symbol.name.text();
      });
      if (!entity) continue;
      error(Code::duplicate_name, symbol.decl->name.span,
            fmt::format("`{}` is an entity of the stream `{}` as well as a module", symbol.name.text(), stream.name),
            fmt::format("give the import another name: `import … as {}_metrics`", symbol.name.text()));
      break;
    }
  }
  check_units();
}

/// Importers come before what they import, so the names in an argument are given first.
void Analyser::bind_modules() {
  for (size_t m = 0; m < modules_.size(); ++m) {
    ModuleUse& use = modules_[m];
    if (use.open && use.import == nullptr) check_open_module(static_cast<int>(m));
    if (use.import == nullptr || modules_[static_cast<size_t>(use.importer)].open) continue;
    module_ = use.importer;
    static const ast::Decl kNoHeader;
    const ast::Decl& header = use.header == nullptr ? kNoHeader : *use.header;
    const ExpandScope inside{static_cast<int>(m), nullptr, 0}, outside{use.importer, nullptr, 0};
    expanded_nodes_ = expand_depth_ = deepest_ = 0;
    ast::Decl callee = header;
    callee.name = use.import->name;
    bool sound = check_parameters(header.params) &&
                 match_arguments(callee, inside, use.import->args, outside, use.import->path.span, use.bindings);
    use.open = !sound;  // what is in it cannot be told
  }
  module_ = 0;
}

Symbol* Analyser::member(Symbol& module, const ast::Ident& name) {
  module.used = true;
  if (module.index < 0) return nullptr;
  const ModuleUse& use = modules_[static_cast<size_t>(module.index)];
  const Syntax& syntax = *files_.files[static_cast<size_t>(use.file)];
  NameTable& names = use.names == nullptr ? *syntax.names : *use.names;
  if (Symbol* found = find(names.intern(name.name.text()))) return found;
  std::vector<std::string_view> candidates;
  for (const Symbol& symbol : symbols_) {
    if (symbol.module == module.index) candidates.push_back(symbol.name.text());
  }
  unknown(Code::unknown_name, name,
          fmt::format("the module `{}` declares no `{}`", module.name.text(), name.name.text()), candidates, "");
  return nullptr;
}

Symbol* Analyser::find(const ast::Path& path) {
  Symbol* symbol = find(path.parts.front().name);
  for (size_t i = 1; i < path.parts.size(); ++i) {
    if (symbol == nullptr || symbol->kind != SymbolKind::kModule) {
      const ast::Ident& name = path.parts[i - 1];
      unknown(Code::unknown_name, name, fmt::format("there is no module `{}`", name.name.text()),
              names_of({SymbolKind::kModule}), "");
      return nullptr;
    }
    symbol = member(*symbol, path.parts[i]);
    if (symbol == nullptr) return nullptr;
  }
  return symbol;
}

bool Analyser::wrong_use(const Symbol& symbol, const ast::Ident& name) {
  std::string what, help;
  if (symbol.kind == SymbolKind::kDef) {
    std::string params;
    for (const ast::Param& param : symbol.decl->params) {
      params += (params.empty() ? "" : ", ") + std::string(param.name.name.text());
    }
    what = "is a definition with parameters";
    help = fmt::format("say what they are: `{}({})`", name.name.text(), params);
  } else if (symbol.kind == SymbolKind::kUnit) {
    what = "is a unit, which stands after a number";
  } else if (symbol.kind == SymbolKind::kModule) {
    what = "is a module";
    help = fmt::format("say what of it: `{}.…`", name.name.text());
  } else {
    return false;
  }
  error(Code::wrong_kind_of_name, name.span, fmt::format("`{}` {}", name.name.text(), what), help)
      .labels.push_back({symbol.decl->name.span, "declared here"});
  return true;
}

}  // namespace alidade

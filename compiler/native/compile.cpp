// Plan to program: laid out, code found or made, entries put where the runtime looks for them. Door: compile.h.
#include "compiler/native/compile.h"

#include <cstdlib>

#include "compiler/native/native_code.h"
#include "compiler/native/object_cache.h"
#include "compiler/native/plan_code.h"
#include "compiler/native/second_tier.h"

namespace alidade {
namespace {

using Objects = std::vector<std::string>;

/// What Program::code keeps alive: in this order, so that the second tier is told to stop first.
struct ProgramCode {
  std::shared_ptr<NativeCode> code;
  Tier first = Tier::kO1;
  bool cached = false;  ///< the first
  std::unique_ptr<SecondTier> second_tier;
};

/// One compile() from the laid-out plan to installed code.
class Compilation {
 public:
  Compilation(std::shared_ptr<const PlanCode> plan, std::shared_ptr<NativeCode> code, const CompileOptions& options)
      : plan_(std::move(plan)), code_(std::move(code)), options_(options), cache_(options.cache_folder) {}

  Status run() {
    switch (options_.tier) {
      case TierChoice::kO0:
        first_ = Tier::kO0;
        return put(Tier::kO0);
      case TierChoice::kO1:
        return put(Tier::kO1);
      case TierChoice::kAlternating: {
        first_ = Tier::kO0;
        const Status first = put(Tier::kO0);
        return first ? put(Tier::kO1) : first;
      }
      case TierChoice::kAuto:
        return put_what_is_quickest();
    }
    ALIDADE_CHECK(false);
  }

  ProgramCode finish() { return {std::move(code_), first_, cached_, std::move(second_tier_)}; }

 private:
  Status put(Tier tier) {
    const CodeKey key = key_of(tier);
    if (install_cached(tier, key)) return Done{};
    const Result<Objects> objects = plan_->compile(tier);
    if (!objects) return objects.error();
    const Status installed = code_->install(tier, objects.value());
    if (installed) cache_.keep(key, objects.value());
    return installed;
  }

  Status put_what_is_quickest() {
    const CodeKey optimised = key_of(Tier::kO1);
    if (install_cached(Tier::kO1, optimised)) return Done{};
    first_ = Tier::kO0;
    const Status done = put(Tier::kO0);
    if (done) second_tier_ = std::make_unique<SecondTier>(plan_, code_, cache_, optimised);
    return done;
  }

  CodeKey key_of(Tier tier) const { return options_.cache_folder.empty() ? CodeKey{} : code_key(plan_->plan(), tier); }

  bool install_cached(Tier tier, const CodeKey& key) {
    std::string warning;
    const std::optional<Objects> objects = cache_.find(key, &warning);
    if (!warning.empty() && options_.warn) options_.warn(warning);
    cached_ = objects && code_->install(tier, *objects);
    return cached_;
  }

  std::shared_ptr<const PlanCode> plan_;
  std::shared_ptr<NativeCode> code_;
  const CompileOptions& options_;
  ObjectCache cache_;
  Tier first_ = Tier::kO1;
  bool cached_ = false;
  std::unique_ptr<SecondTier> second_tier_;
};

Program program_of(const PlanCode& laid_out) {
  const Plan& plan = laid_out.plan();
  Program program;
  program.calendar = plan.calendar;
  program.streams = plan.streams;
  program.tables = plan.tables;
  program.domains = plan.domains;
  program.key_spaces = plan.key_spaces;
  program.rates = plan.rates;
  program.formulas = plan.formulas;
  program.outputs = plan.outputs;
  program.unrated = plan.unrated;
  program.spec_hash = plan.spec_hash;
  for (const PipelineLayout& pipeline : laid_out.pipelines()) program.pipelines.push_back(pipeline.program);
  return program;
}

void set_address(PipelineProgram& program, const LoopSpec& spec, void* address) {
  if (spec.machine >= 0) {
    program.machines[spec.machine].exchange = reinterpret_cast<al_exchange>(address);
  } else if (spec.dispatch_case >= 0) {
    program.cases[spec.dispatch_case].push_back(reinterpret_cast<al_update>(address));
  } else {
    program.always.push_back(reinterpret_cast<al_update>(address));
  }
}

}  // namespace

Result<Program> compile(const Plan& plan, const CompileOptions& options) {
  const auto laid_out = std::make_shared<const PlanCode>(plan);
  Program program = program_of(*laid_out);
  if (laid_out->loops().empty()) return program;
  std::vector<std::string> names;
  for (const LoopToCompile& loop : laid_out->loops()) names.push_back(loop.spec->name);
  Result<std::shared_ptr<NativeCode>> code =
      NativeCode::create(std::move(names), options.tier == TierChoice::kAlternating);
  if (!code) return code.error();
  Compilation compilation(laid_out, *code, options);
  if (const Status done = compilation.run(); !done) return done.error();
  for (size_t i = 0; i < laid_out->loops().size(); ++i) {
    const LoopSpec& spec = *laid_out->loops()[i].spec;
    set_address(program.pipelines[spec.pipeline], spec, (*code)->entry(i));
  }
  program.code = std::make_shared<ProgramCode>(compilation.finish());
  return program;
}

std::string code_of(const Program& program) {
  const auto* code = static_cast<const ProgramCode*>(program.code.get());
  if (code == nullptr) return "none is needed";
  const bool swapped = code->first != code->code->newest();
  return std::string(code->first == Tier::kO0 ? "o0" : "o1") + (code->cached ? " from the cache" : "") +
         (swapped ? ", then o1" : "");
}

std::string default_cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string own = variable("ALIDADE_CACHE_DIR"); !own.empty()) return own;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/alidade";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/alidade";
}

Result<std::string> dump_llvm(const Plan& plan) {
  const PlanCode laid_out(plan);
  if (laid_out.loops().empty()) return std::string();
  return optimised_text(laid_out.loops());
}

}  // namespace alidade

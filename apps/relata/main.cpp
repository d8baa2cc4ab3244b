// relata: the command line. Data on stdout, log and progress on stderr; one line and an exit code
// for an error.
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/base/memory.h"
#include "relata/base/parallel.h"
#include "relata/systems/all.h"
#include "relata/train/signals.h"
#include "verbs.h"

namespace {

using namespace relata;

void use_threads(int count) {
  if (count > 0) set_threads(count);
  at::set_num_threads(threads());
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int run(int argc, char** argv) {
  CLI::App app(
      "relata: multimodal relation learning. Train, evaluate and use models that relate several "
      "kinds of data.\n"
      "Start with:  relata recipes    relata train m3col/own --data DIR --out RUN",
      "relata");
  app.set_version_flag("--version", RELATA_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app::Common common;
  app.add_option("--threads", common.threads, "processors to use; default: all")
      ->envname("RELATA_THREADS")
      ->check(CLI::Range(0, 4096));
  app.add_option("--device", common.device, "cpu")
      ->envname("RELATA_DEVICE")
      ->check(CLI::IsMember({"cpu"}))
      ->capture_default_str();
  app.add_flag("--json", common.json, "machine-readable output")->envname("RELATA_JSON");
  app.add_flag("--quiet", common.quiet, "warnings and errors only")->envname("RELATA_QUIET");
  app.parse_complete_callback([&common] {
    set_up_logging(common.quiet ? Verbosity::kQuiet : Verbosity::kNormal);
    use_threads(common.threads);
  });
  app::add_train(app, common);
  app::add_evaluate(app, common);
  app::add_predict(app, common);
  app::add_embed(app, common);
  app::add_index(app, common);
  app::add_search(app, common);
  app::add_generate(app, common);
  app::add_data(app, common);
  app::add_import(app, common);
  app::add_info(app, common);
  app::add_recipes(app, common);
  app::add_env(app, common);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  try {
    relata::systems::register_all();
    return run(argc, argv);
  } catch (const relata::Error& error) {
    std::fprintf(stderr, "relata: %s\n", error.what());
    return error.exit_code();
  } catch (const relata::train::Interrupted& stop) {
    std::fprintf(stderr, "relata: interrupted; the checkpoint is written, --resume goes on\n");
    return 128 + stop.signal;
  } catch (const std::filesystem::filesystem_error& error) {
    const relata::Error told =
        relata::system_error("cannot be used", error.path1().string(), error.code().value());
    std::fprintf(stderr, "relata: %s\n", told.what());
    return told.exit_code();
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "relata: %s\n", first_line(error.what_without_backtrace()).c_str());
    return 1;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "relata: out of memory\n");
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "relata: %s\n", error.what());
    return 1;
  }
}

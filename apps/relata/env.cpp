// relata env: what this machine and build are, for bug reports.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "output.h"
#include "relata/base/parallel.h"
#include "verbs.h"

namespace relata::app {

void add_env(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("env", "Versions, processor and threads, for bug reports");
  verb->footer("Example:\n  relata env --json");
  verb->callback([&common] {
    const Facts facts{{"relata", RELATA_VERSION},
                      {"libtorch", TORCH_VERSION},
                      {"compiler", __VERSION__},
                      {"processor features", at::get_cpu_capability()},
                      {"threads", std::to_string(threads())},
                      {"device", "cpu"}};
    print_facts(facts, common);
  });
}

}  // namespace relata::app

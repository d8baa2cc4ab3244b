// Rows that lack a modality or a label: who takes part in which loss, and how they are classified.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/objectives/soft_clip.h"
#include "relata/train/step.h"
#include "unit/systems/m3col/example.h"
#include "unit/systems/m3col/omics.h"

namespace relata::systems::m3col {
namespace {

/// Row 1 lacks m2, row 3 lacks m1 and m3 and its label, row 4 its label alone.
data::Batch gappy_batch() {
  data::Batch batch = small_batch();
  batch.rows = {};
  batch.roles["m1"].present = torch::tensor({true, true, true, false, true});
  batch.roles["m2"].present = torch::tensor({true, false, true, true, true});
  batch.roles["m3"].present = torch::tensor({true, true, true, false, true});
  for (auto& [name, role] : batch.roles) {
    role.values = role.values.masked_fill(role.present.logical_not().unsqueeze(1), 0);
  }
  finish_batch(batch, test::integers({0, 2, 1, -1, -1}));
  return batch;
}

Tensor mlp(const torch::nn::Module& module, const std::string& name, const Tensor& x) {
  const auto p = module.named_parameters();
  const Tensor h =
      torch::clamp_min(torch::addmv(p[name + ".hidden.bias"], p[name + ".hidden.weight"], x), 0);
  return torch::addmv(p[name + ".out.bias"], p[name + ".out.weight"], h);
}

Tensor log_loss(const Tensor& logits, int64_t label) { return logits.logsumexp(0) - logits[label]; }

/// L_cls + 0.1 · Σ soft_clip of the gappy batch, row by row.
Tensor plain_loss(torch::nn::Module& module, const data::Batch& batch) {
  std::vector<std::vector<Tensor>> e(3);
  for (size_t m = 0; m < 3; ++m) {
    const data::RoleBatch& role = batch.roles.at(kRoles[m]);
    for (int64_t i = 0; i < 5; ++i) {
      const std::string encoder = "encoder" + std::to_string(m + 1);
      e[m].push_back(role.present[i].item<bool>() ? mlp(module, encoder, role.values[i])
                                                  : Tensor());
    }
  }
  const auto or_zero = [](const Tensor& x) {
    return x.defined() ? x : torch::zeros({8}, torch::kFloat64);
  };
  const auto fused = [&](size_t i) {
    return mlp(module, "fusion",
               torch::cat({or_zero(e[0][i]), or_zero(e[1][i]), or_zero(e[2][i])}));
  };
  Tensor loss = (log_loss(fused(0), 0) + log_loss(fused(1), 2) + log_loss(fused(2), 1)) / 3;
  const auto head = [&](const std::string& name, const Tensor& x, int64_t label) {
    return log_loss(mlp(module, name, x), label);
  };
  loss = loss +
         (head("head1", e[0][0], 0) + head("head1", e[0][1], 2) + head("head1", e[0][2], 1)) / 3;
  loss = loss + (head("head2", e[1][0], 0) + head("head2", e[1][2], 1)) / 2;
  loss = loss +
         (head("head3", e[2][0], 0) + head("head3", e[2][1], 2) + head("head3", e[2][2], 1)) / 3;
  std::vector<Tensor> complete;  // rows 0, 2 and the unlabelled 4
  for (size_t m = 0; m < 3; ++m) complete.push_back(torch::stack({e[m][0], e[m][2], e[m][4]}));
  for (size_t m = 0; m < 3; ++m) {
    loss = loss + 0.1 * objectives::soft_clip(complete[m], complete[(m + 1) % 3], 0.125);
  }
  return loss;
}

TEST(M3colMissing, LossAndGradientEqualThePlainRestatement) {
  const auto system = small_system();
  const Tensor loss = total_loss(*system, gappy_batch(), {}, kSoftPhase);
  const Tensor plain = plain_loss(system->module(), gappy_batch());
  EXPECT_NEAR(loss.item<double>(), plain.item<double>(), 1e-12);
  const auto g = gradients(*system, loss);
  EXPECT_LT(distance(g, gradients(*system, plain)), 1e-12);
}

TEST(M3colMissing, TheValuesOfAnAbsentModalityDoNotMatter) {
  const auto system = small_system();
  data::Batch other = gappy_batch();
  other.roles["m2"].values[1] = 7;
  other.roles["m1"].values[3] = -7;
  for (const train::Progress& progress : {kMixupPhase, kSoftPhase}) {
    torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(3);
    const train::Draws draws = system->draw(other.rows, progress, generator);
    const Tensor a = total_loss(*system, gappy_batch(), draws, progress);
    const Tensor b = total_loss(*system, other, draws, progress);
    EXPECT_EQ(a.item<double>(), b.item<double>());
    const auto g = gradients(*system, a);
    EXPECT_EQ(distance(g, gradients(*system, b)), 0);
  }
}

TEST(M3colMissing, IncompleteRowsTakeNoPartInTheMixing) {
  const auto system = small_system();
  torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(3);
  const train::Draws draws = system->draw(gappy_batch().rows, kMixupPhase, generator);
  EXPECT_EQ(draws.at("permutation.m1").size(0), 3);
  EXPECT_EQ(draws.at("coefficients.m3").size(0), 3);
}

TEST(M3colMissing, ABatchWithoutACompleteRowHasNoContrast) {
  const auto system = small_system();
  data::Batch batch = small_batch();
  batch.roles["m2"].present = torch::zeros({5}, torch::kBool);
  batch.rows.present["m2"] = batch.roles["m2"].present;
  for (const train::Progress& progress : {kMixupPhase, kSoftPhase}) {
    torch::Generator generator = torch::make_generator<at::CPUGeneratorImpl>(3);
    const train::Draws draws = system->draw(batch.rows, progress, generator);
    const auto parts = loss_parts(*system, batch, draws, progress);
    EXPECT_EQ(parts.items().size(), 4U);
    EXPECT_TRUE(std::isfinite(parts.total().item<double>()));
  }
}

TEST(M3colMissing, MicroBatchesGiveTheGradientOfTheWholeBatch) {
  const auto part = [](const data::Batch& whole, int64_t begin, int64_t rows) {
    data::Batch batch;
    for (const auto& [name, role] : whole.roles) {
      batch.roles[name] = {.values = role.values.narrow(0, begin, rows),
                           .present = role.present.narrow(0, begin, rows)};
    }
    finish_batch(batch, whole.rows.labels.at("label").narrow(0, begin, rows));
    batch.first_row = begin;
    return batch;
  };
  Config config = small_config();
  config.modality_dropout = 0.3;
  for (const bool contrast : {true, false}) {
    config.contrast.enabled = contrast ? Switch::kOn : Switch::kOff;
    const auto system = small_system(config);
    const data::Batch whole = gappy_batch();
    const auto gradient = [&](const std::vector<data::Batch>& batches) {
      torch::manual_seed(4);
      system->module().zero_grad();
      train::accumulate_gradient(*system, batches, kMixupPhase, {});
      std::map<std::string, Tensor> named;
      for (const auto& p : system->module().named_parameters()) {
        named[p.key()] =
            p.value().grad().defined() ? p.value().grad().clone() : torch::zeros_like(p.value());
      }
      return named;
    };
    EXPECT_LT(distance(gradient({whole}),
                       gradient({part(whole, 0, 2), part(whole, 2, 2), part(whole, 4, 1)})),
              1e-12);
  }
}

/// Six rows on disk; the second lacks m2.
struct Classified {
  explicit Classified(Config config) : scratch() {
    auto rows = plain_rows(6);
    rows[1].values[1].clear();
    dataset = open_omics(scratch / "d", plain_rows(6), rows);
    system = fitted(config, *dataset);
  }
  Tensor logits(const std::vector<std::string>& without = {}) {
    return system->classify(dataset->split("test"), without).logits;
  }
  test::Scratch scratch;
  std::shared_ptr<const data::Dataset> dataset;
  std::unique_ptr<M3col> system;
};

TEST(M3colMissing, AnySubsetOfTheModalitiesPredicts) {
  for (const MissingRule rule : {MissingRule::kHeads, MissingRule::kFusion}) {
    Config config = small_config();
    config.missing = rule;
    Classified c(config);
    for (const std::vector<std::string>& without :
         {std::vector<std::string>{}, {"m1"}, {"m2"}, {"m3"}, {"m1", "m2"}, {"m2", "m3"}}) {
      EXPECT_TRUE(c.logits(without).isfinite().all().item<bool>());
    }
  }
}

TEST(M3colMissing, TheHeadsRuleIsTheMeanOfTheHeadsThatSee) {
  Classified c(small_config());
  const auto model = c.system->module().named_children();
  const data::Batch batch = collate_all(*c.system, c.dataset->split("test"));
  const auto probability = [&](int m) {
    const std::string k = std::to_string(m);
    auto encoder = std::dynamic_pointer_cast<nn::MlpImpl>(model["encoder" + k]);
    auto head = std::dynamic_pointer_cast<nn::MlpImpl>(model["head" + k]);
    return torch::softmax(head->forward(encoder->forward(batch.roles.at("m" + k).values)), 1);
  };
  const Tensor expected = ((probability(1) + probability(3)) / 2)[1];
  EXPECT_LT(test::distance(c.logits()[1].exp(), expected), 1e-6);
  const Tensor alone = c.logits({"m1", "m2"}).exp();
  EXPECT_LT(test::distance(alone, probability(3)), 1e-6);
}

TEST(M3colMissing, TheFusionRulePutsZerosInTheirPlace) {
  Config config = small_config();
  config.missing = MissingRule::kFusion;
  Classified c(config);
  const auto model = c.system->module().named_children();
  const data::Batch batch = collate_all(*c.system, c.dataset->split("test"));
  const auto mlp_of = [&](const std::string& name) {
    return std::dynamic_pointer_cast<nn::MlpImpl>(model[name]);
  };
  const Tensor e1 = mlp_of("encoder1")->forward(batch.roles.at("m1").values);
  const Tensor e3 = mlp_of("encoder3")->forward(batch.roles.at("m3").values);
  const Tensor expected = mlp_of("fusion")->forward(torch::cat({e1, torch::zeros_like(e1), e3}, 1));
  EXPECT_LT(test::distance(c.logits()[1], expected[1]), 1e-6);
  EXPECT_LT(test::distance(c.logits({"m2"}), expected), 1e-6);
}

TEST(M3colMissing, CompleteRowsAreClassifiedByFusionInEitherRule) {
  Config fusion = small_config();
  fusion.missing = MissingRule::kFusion;
  Classified a(small_config()), b(fusion);
  EXPECT_EQ(test::distance(a.logits()[0], b.logits()[0]), 0);
  EXPECT_GT(test::distance(a.logits()[1], b.logits()[1]), 1e-4);
}

TEST(M3colMissing, UntrainedHeadsClassifyNothing) {
  Config config = small_config();
  config.unimodal_losses = false;
  Classified c(config);
  EXPECT_THAT([&] { c.logits(); }, testing::ThrowsMessage<Error>(testing::HasSubstr(
                                       "unimodal heads that classify such rows were not trained")));
  config.missing = MissingRule::kFusion;
  EXPECT_TRUE(Classified(config).logits().isfinite().all().item<bool>());
}

TEST(M3colMissing, ARowWithNothingLeftIsNamed) {
  Classified c(small_config());
  EXPECT_THAT([&] { c.logits({"m1", "m3"}); },
              testing::ThrowsMessage<Error>(
                  testing::HasSubstr("record 'e1' has none of the modalities m1, m2, m3")));
  EXPECT_THAT([&] { c.logits({"m7"}); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("no modality 'm7'")));
}

TEST(M3colMissing, ClassifyingLeavesTheModeOfTheModelAsItWas) {
  Config config = small_config();
  config.model.head_dropout = 0.5;
  Classified c(config);
  for (const bool training : {true, false}) {
    c.system->module().train(training);
    EXPECT_TRUE(c.logits().equal(c.logits()));
    EXPECT_EQ(c.system->module().is_training(), training);
  }
}

}  // namespace
}  // namespace relata::systems::m3col

// M3CoL on any number of vector modalities, as a system: L = CE(fusion) + Σ_m CE(head_m) + w ·
// L_con.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "relata/objectives/mixup_clip.h"
#include "relata/systems/m3col/config.h"
#include "relata/systems/m3col/model.h"
#include "relata/train/system.h"

namespace relata::systems::m3col {

class M3col : public train::System, public train::Classifies {
 public:
  explicit M3col(Config config);

  std::string name() const override { return "m3col"; }
  train::State fit(const data::View& train) override;
  void build(const train::State& state) override;
  torch::nn::Module& module() override { return *model_; }

  data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                      CounterRng rng) const override;
  train::Draws draw(const data::Rows& rows, const train::Progress& progress,
                    torch::Generator& generator) override;
  train::Forward forward(const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) override;
  bool forward_reads_other_rows(const train::Progress& progress) const override;
  bool has_objective(const train::Progress& progress) const override;
  train::LossParts objective(const train::Encoded& encoded, const data::Rows& rows,
                             const train::Draws& draws, const train::Progress& progress) override;
  std::map<std::string, double> counts(const data::Batch& batch) const override;
  void check(const data::View& view) const override;
  train::Evaluation evaluate(const data::View& view) override;

  Classification classify(const data::View& view, const std::vector<std::string>& without) override;
  Answer answer(const std::map<std::string, torch::Tensor>& values) override;
  const std::vector<std::string>& roles() const override { return roles_; }
  train::LabelledVectors labelled_vectors(const data::View& train) const override;
  torch::Tensor auc_scores(const torch::Tensor& logits) const override;

 private:
  const std::string& field_of(const std::string& role) const;
  /// [positions] indices into classes_, −1 where unknown.
  torch::Tensor class_numbers(const data::View& view, std::span<const int64_t> positions) const;
  bool mixing(const train::Progress& progress) const;
  torch::Tensor role_values(const data::View& view, std::span<const int64_t> positions, size_t role,
                            const torch::Tensor& present) const;
  /// Fusion of e_m with zeros where the role is absent (or dropped).
  torch::Tensor fused_logits(const std::vector<torch::Tensor>& embeddings,
                             const std::vector<torch::Tensor>& seen);
  /// e_m of every role.
  std::vector<torch::Tensor> embed(const data::Batch& batch);
  /// Fusion for complete rows; the missing rule for the others.
  torch::Tensor logits_of(const data::Batch& batch, const std::vector<torch::Tensor>& embeddings);

  Config config_;
  std::vector<std::string> roles_;
  std::string label_;
  std::vector<std::string> classes_;
  std::vector<data::Affine> scales_;  ///< one per role
  Model model_{nullptr};
};

}  // namespace relata::systems::m3col

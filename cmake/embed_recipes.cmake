# Writes a source file that holds every recipe of the repository, so that the program needs no folder beside it.
# Called as a script with -DRECIPES=<folder> -DOUTPUT=<file>.
file(GLOB_RECURSE files RELATIVE ${RECIPES} ${RECIPES}/*.yaml)
list(SORT files)
set(text "#include \"relata/train/recipe.h\"\n\nnamespace relata::train {\n\n")
string(APPEND text "const std::vector<BuiltinRecipe>& builtin_recipes() {\n  static const std::vector<BuiltinRecipe> recipes{\n")
foreach(file ${files})
  file(READ ${RECIPES}/${file} yaml)
  string(REGEX REPLACE "\\.yaml$" "" name ${file})
  string(APPEND text "      {\"${name}\", R\"yaml(${yaml})yaml\"},\n")
endforeach()
string(APPEND text "  };\n  return recipes;\n}\n\n}  // namespace relata::train\n")
file(WRITE ${OUTPUT} "${text}")

# The floors of the house, from the ground up. A folder of src/relata is one library; it sees the headers of those
# floors alone that it names, and it may name lower ones only.
set(RELATA_LAYERS
  base io text data nn models generation objectives metrics index report search explain train systems serve)

# relata_layer(<name> [TORCH] [DEPENDS lower floors…] [LIBS outside libraries…])
function(relata_layer name)
  cmake_parse_arguments(LAYER "TORCH" "" "DEPENDS;LIBS" ${ARGN})
  list(FIND RELATA_LAYERS ${name} own)
  foreach(dependency ${LAYER_DEPENDS})
    list(FIND RELATA_LAYERS ${dependency} other)
    if(other LESS 0 OR NOT other LESS own)
      message(FATAL_ERROR "src/relata/${name} may not include src/relata/${dependency}: "
        "the order is ${RELATA_LAYERS}")
    endif()
  endforeach()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(relata_${name} STATIC ${sources})
  # An include root that shows this floor and no other: a header of a floor that is not linked is not found.
  set(root ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root}/relata)
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/relata/${name} SYMBOLIC)
  target_include_directories(relata_${name} PUBLIC ${root})
  list(TRANSFORM LAYER_DEPENDS PREPEND relata_)
  target_link_libraries(relata_${name} PUBLIC relata_flags ${LAYER_DEPENDS} ${LAYER_LIBS})
  if(LAYER_TORCH)
    relata_use_torch(relata_${name})
  endif()
endfunction()

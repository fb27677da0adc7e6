# Makes the source file that holds the page's style and script:
#   cmake -D HERE=.. -D UPLOT=DIRECTORY|"" -D OUT=FILE -P embed.cmake
# uPlot goes in with its licence. Nothing of it may end the element that it is inlined in.
file(READ ${HERE}/page.css style)
file(READ ${HERE}/page.js script)
if(UPLOT)
  file(READ ${UPLOT}/dist/uPlot.min.css uplot_style)
  file(READ ${UPLOT}/dist/uPlot.iife.min.js uplot)
  file(READ ${UPLOT}/LICENSE licence)
  string(APPEND style "/* uPlot, MIT */\n" "${uplot_style}")
  string(PREPEND script "/*!\nuPlot:\n${licence}*/\n${uplot}\n")
endif()
foreach(text IN ITEMS "${style}" "${script}")
  if(text MATCHES "</(script|style)|<!--|\\)nsbench\"|\r")
    message(FATAL_ERROR "this can't be inlined in a page: ${CMAKE_MATCH_0}")
  endif()
endforeach()

# "sha256-..." in base64, as a Content-Security-Policy has it: three bytes are four digits.
function(policy_hash out text)
  string(SHA256 hex "${text}")
  set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(base64 "")
  string(APPEND hex "00") # 32 bytes are 10 threes and two
  foreach(at RANGE 0 60 6)
    string(SUBSTRING ${hex} ${at} 6 three)
    foreach(shift IN ITEMS 18 12 6 0)
      math(EXPR digit "(0x${three} >> ${shift}) & 63")
      string(SUBSTRING ${digits} ${digit} 1 letter)
      string(APPEND base64 ${letter})
    endforeach()
  endforeach()
  string(REGEX REPLACE "A$" "=" base64 ${base64})
  set(${out} "sha256-${base64}" PARENT_SCOPE)
endfunction()
policy_hash(style_hash "${style}")
policy_hash(script_hash "${script}")

file(WRITE ${OUT}.new "// Made by embed.cmake.
#include \"reports/formats/html/document.h\"

namespace nsbench::html {

const Assets assets{R\"nsbench(${style})nsbench\", R\"nsbench(${script})nsbench\",
                    \"${style_hash}\", \"${script_hash}\"};

}  // namespace nsbench::html
")
file(RENAME ${OUT}.new ${OUT})

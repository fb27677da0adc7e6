// How the history lies in its file, and how older files become like it.
#pragma once

#include "suites/history/database.h"

namespace nsbench::history {

// Kept in the file's user_version; raised with every migration.
inline constexpr int schema_version = 2;
// The file's application_id, "nsbh": tells ours from other people's SQLite files.
inline constexpr int application_id = 0x6e736268;

// Makes the tables in an empty file, brings an older one up to date, each in one transaction.
// Refused, and untouched: other people's files, and files of a newer version.
Status bring_up_to_date(Database& database);

}  // namespace nsbench::history

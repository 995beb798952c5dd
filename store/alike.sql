-- name: settings
SELECT current_setting('role'), current_setting('search_path');

-- name: set_settings
SELECT set_config('role', %(role)s, false), set_config('search_path', %(path)s, false);

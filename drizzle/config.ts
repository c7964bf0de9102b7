// Settings of drizzle-kit, which compares db/tables with the last snapshot and writes the next migration.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({ dialect: 'postgresql', schema: './src/db/tables.ts', out: './drizzle' });

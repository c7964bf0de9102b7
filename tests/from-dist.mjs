// Gives tests the compiled sources in the place of the sources: they are compiled once a run, not once a file.
import { register } from 'node:module';

register(new URL('./from-dist-hooks.mjs', import.meta.url));

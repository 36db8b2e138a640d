#!/usr/bin/env node
// npm links a command only to a file that is there when it installs; dist is not, so this one is committed.
import '../dist/main.js';

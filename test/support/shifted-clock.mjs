// Loaded into a broker before all else: its wall clock runs ahead by what the file CLOCK_SHIFT_FILE says, in milliseconds.
import { readFileSync } from 'node:fs';

const now = Date.now;
Date.now = () => now() + Number(readFileSync(process.env.CLOCK_SHIFT_FILE, 'utf8'));

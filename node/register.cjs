'use strict';

require('./dist/register.cjs')['register/index.js'].register();

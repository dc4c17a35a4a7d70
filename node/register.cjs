'use strict';

require('./dist/register.js')['register/index.js'].register();

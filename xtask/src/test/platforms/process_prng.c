/* bcryptprimitives.dll for a wine that has none (before 9): ProcessPrng, from which Rust's standard library takes random numbers. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *data, unsigned long size); /* RtlGenRandom of advapi32 */

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *data, unsigned long long size)
{
    return SystemFunction036(data, (unsigned long)size);
}

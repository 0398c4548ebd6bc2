// What CUDA C has and C++ has not, for kernels that a processor runs thread by thread.
#pragma once
#include <cmath>

#define __global__
#define __device__
#define __host__
#define __restrict__ __restrict
#define __forceinline__ inline
#define __noinline__

static inline void sincospi(double x, double *s, double *c)
{
    *s = std::sin(3.14159265358979323846 * x);
    *c = std::cos(3.14159265358979323846 * x);
}

struct Index3 {
    unsigned int x, y, z;
};
static thread_local Index3 blockIdx, threadIdx, blockDim, gridDim;

// Run all threads of a launch one after another: blocks and threads in order, or backwards.
template <class Body>
static void each_thread(unsigned int blocks, unsigned int threads, int backwards, Body body)
{
    blockDim = {threads, 1, 1};
    gridDim = {blocks, 1, 1};
    for (unsigned int b = 0; b < blocks; ++b) {
        blockIdx = {backwards ? blocks - 1 - b : b, 0, 0};
        for (unsigned int t = 0; t < threads; ++t) {
            threadIdx = {backwards ? threads - 1 - t : t, 0, 0};
            body();
        }
    }
}

// DOP853 for many trajectories, one thread each, with its own time and step.
//
//     dy/dt = f(t, y; p),  y (N,)
//
// NVRTC and nvcc take this text, and behind sims/devices/host.h any C++ compiler. source.py writes
// before it the constants of the method (combine<I>: sums over stages; NODE_I; CONTROL) and after it
// the right-hand side of a system and its kernel. Time is kept with what rounding leaves out of it.
//
// Hairer, Norsett & Wanner (1993) Solving Ordinary Differential Equations I, Sec. II.4 to II.6.

enum { RTOL, ATOL, LIMIT };                                // options
enum { RUNNING, ARRIVED, COLLAPSED, EXHAUSTED };           // how a trajectory ended
enum { TIME, TIME_LOW, SIZE, AFTER, STEPS, REJECTED, DONE, STATUS, HEAD }; // kept between launches

template <int K> __device__ inline double power(double x)
{
    const double half = power<K / 2>(x);
    return K % 2 ? x * (half * half) : half * half;
}
template <> __device__ inline double power<1>(double x) { return x; }

__device__ inline double least(double a, double b) { return b < a ? b : a; }
__device__ inline double most(double a, double b) { return b > a ? b : a; }
__device__ inline double sign_of(double a) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0; }
__device__ inline double step_of(double a) { return a > 0.0 ? 1.0 : 0.0; }
__device__ inline double under_of(double a, double b) { return a <= b ? 1.0 : 0.0; }

// Norm of a vector against the size of the state.
template <int N>
__device__ inline double norm(const double *v, const double *y, const double *options)
{
    double total = 0.0;
    for (int i = 0; i < N; ++i) {
        const double part = v[i] / (options[ATOL] + options[RTOL] * fabs(y[i]));
        total += part * part;
    }
    return sqrt(total / N);
}

__device__ inline bool is_finite(double x) { return fabs(x) <= 1.7976931348623157e308; }

// The first step, 0 if the state has none: HNW (1993), Sec. II.4, "Starting step size".
template <class Flow>
__device__ inline double first_step(double t, double span, const double *y, const double *rate,
                                    const double *p, const double *options)
{
    const int N = Flow::N;
    const double size = norm<N>(y, y, options), steep = norm<N>(rate, y, options);
    if (!(is_finite(size) && is_finite(steep))) return 0.0;
    double trial = size < 1e-5 || steep < 1e-5 ? 1e-6 : 0.01 * size / steep;
    trial = trial < span ? trial : span;
    double there[N], after[N];
    for (int i = 0; i < N; ++i) there[i] = y[i] + trial * rate[i];
    Flow::rates(t + trial, there, p, after);
    for (int i = 0; i < N; ++i) after[i] -= rate[i];
    const double change = norm<N>(after, y, options) / trial;
    const double steepest = change > steep ? change : steep;
    double guess = sqrt(sqrt(sqrt(0.01 / steepest)));
    if (steepest <= 1e-15) guess = 1e-3 * trial > 1e-6 ? 1e-3 * trial : 1e-6;
    guess = guess < 100.0 * trial ? guess : 100.0 * trial;
    return guess < span ? guess : span;
}

// Error of a step, below 1 if it is good: HNW (1993), Sec. II.5, Eq. (5.18) onwards.
template <int N>
__device__ inline double error_of(double h, const double *y, const double *now,
                                  const double (&k)[STAGES][N], const double *options)
{
    double fifth = 0.0, third = 0.0, five[N], three[N];
    combine<FIFTH, N>(k, five);
    combine<THIRD, N>(k, three);
    for (int i = 0; i < N; ++i) {
        const double scale = options[ATOL] + options[RTOL] * most(fabs(y[i]), fabs(now[i]));
        fifth += (five[i] / scale) * (five[i] / scale);
        third += (three[i] / scale) * (three[i] / scale);
    }
    return h * fifth / sqrt(N * (fifth + 0.01 * third) + TINY);
}

template <class Flow, int I>
__device__ inline void stage(double t, double h, const double *y, const double *p,
                             double (&k)[STAGES][Flow::N])
{
    const int N = Flow::N;
    double at[N];
    combine<I, N>(k, at);
    for (int i = 0; i < N; ++i) at[i] = y[i] + h * at[i];
    Flow::rates(t + NODE[I] * h, at, p, k[I]);
}

// Write the samples within a step: HNW (1993), Sec. II.6, Eq. (6.13).
template <class Flow>
__device__ inline int samples(int done, int marks, const double *mark, double t, double low,
                              double h, double end, const double *y, const double *p,
                              double (&k)[STAGES][Flow::N], int who, int members, double *found)
{
    const int N = Flow::N;
    stage<Flow, 13>(t, h, y, p, k);
    stage<Flow, 14>(t, h, y, p, k);
    stage<Flow, 15>(t, h, y, p, k);
    double f[7][N];
    combine<DENSE, N>(k, f[0]);
    combine<DENSE + 1, N>(k, f[1]);
    combine<DENSE + 2, N>(k, f[2]);
    combine<DENSE + 3, N>(k, f[3]);
    combine<DENSE + 4, N>(k, f[4]);
    combine<DENSE + 5, N>(k, f[5]);
    combine<DENSE + 6, N>(k, f[6]);
    for (; done < marks && mark[done] <= end; ++done) {
        const double theta = ((mark[done] - t) - low) / h, rest = 1.0 - theta;
        for (int i = 0; i < N; ++i) {
            double inner = f[4][i] + rest * (f[5][i] + theta * f[6][i]);
            inner = f[2][i] + rest * (f[3][i] + theta * inner);
            inner = f[0][i] + rest * (f[1][i] + theta * inner);
            found[((long long)done * N + i) * members + who] = y[i] + theta * (h * inner);
        }
    }
    return done;
}

// Follow a trajectory for some steps, from where the last launch left it.
//
// mark   (marks,) times of the samples, the first that of the start
// kept   (HEAD + 2 N, members): what is in HEAD, then state and rate
// found  (marks, N, members) the samples
template <class Flow>
__device__ inline void follow(int members, int marks, int pause, const double *mark,
                              const double *start, const double *p, const double *options,
                              double *kept, double *found, int who)
{
    const int N = Flow::N;
    double head[HEAD], y[N], k[STAGES][N];
    for (int i = 0; i < HEAD; ++i) head[i] = kept[(long long)i * members + who];
    if (head[STATUS] != RUNNING) return;
    const double bound = mark[marks - 1];
    if (head[DONE] == 0.0) {
        for (int i = 0; i < N; ++i) y[i] = start[(long long)who * N + i];
        int done = 0;
        for (; done < marks && mark[done] <= mark[0]; ++done)
            for (int i = 0; i < N; ++i) found[((long long)done * N + i) * members + who] = y[i];
        head[DONE] = done;
        head[TIME] = mark[0];
        Flow::rates(mark[0], y, p, k[0]);
        head[SIZE] = done < marks
                         ? first_step<Flow>(mark[0], bound - mark[0], y, k[0], p, options)
                         : 0.0;
        head[STATUS] = done == marks ? ARRIVED : head[SIZE] == 0.0 ? COLLAPSED : RUNNING;
    } else {
        for (int i = 0; i < N; ++i) {
            y[i] = kept[(long long)(HEAD + i) * members + who];
            k[0][i] = kept[(long long)(HEAD + N + i) * members + who];
        }
    }
    for (int turn = 0; turn < pause && head[STATUS] == RUNNING; ++turn) {
        const double t = head[TIME], low = head[TIME_LOW], left = (bound - t) - low;
        const double h = head[SIZE] < left ? head[SIZE] : left, step = h + low;
        double end = t + step, end_low = step - (end - t);
        if (!(h < left)) {
            end = bound;
            end_low = 0.0;
        }
        stage<Flow, 1>(t, h, y, p, k);
        stage<Flow, 2>(t, h, y, p, k);
        stage<Flow, 3>(t, h, y, p, k);
        stage<Flow, 4>(t, h, y, p, k);
        stage<Flow, 5>(t, h, y, p, k);
        stage<Flow, 6>(t, h, y, p, k);
        stage<Flow, 7>(t, h, y, p, k);
        stage<Flow, 8>(t, h, y, p, k);
        stage<Flow, 9>(t, h, y, p, k);
        stage<Flow, 10>(t, h, y, p, k);
        stage<Flow, 11>(t, h, y, p, k);
        double now[N];
        combine<12, N>(k, now);
        for (int i = 0; i < N; ++i) now[i] = y[i] + h * now[i];
        const double error = error_of<N>(h, y, now, k, options);
        // the order of the comparisons makes an error that is not a number shrink the step
        double factor = SAFETY / sqrt(sqrt(sqrt(error)));
        factor = factor > MIN_FACTOR ? factor : MIN_FACTOR;
        factor = factor < MAX_FACTOR ? factor : MAX_FACTOR;
        if (head[AFTER] > 0.0 && factor > 1.0) factor = 1.0;
        if (error < 1.0) {
            Flow::rates(t + h, now, p, k[12]);
            if (mark[(int)head[DONE]] <= end)
                head[DONE] = samples<Flow>((int)head[DONE], marks, mark, t, low, h, end, y, p, k,
                                           who, members, found);
            head[TIME] = end;
            head[TIME_LOW] = end_low;
            head[STEPS] += 1.0;
            head[AFTER] = 0.0;
            for (int i = 0; i < N; ++i) {
                y[i] = now[i];
                k[0][i] = k[12][i];
            }
        } else {
            head[REJECTED] += 1.0;
            head[AFTER] = 1.0;
        }
        head[SIZE] = h * factor;
        if (head[DONE] == marks)
            head[STATUS] = ARRIVED;
        else if (head[STEPS] >= options[LIMIT])
            head[STATUS] = EXHAUSTED;
        else if (!(head[SIZE] >= LEAST_STEP * fabs(head[TIME]) + TINY))
            head[STATUS] = COLLAPSED;
    }
    for (int i = 0; i < HEAD; ++i) kept[(long long)i * members + who] = head[i];
    for (int i = 0; i < N; ++i) {
        kept[(long long)(HEAD + i) * members + who] = y[i];
        kept[(long long)(HEAD + N + i) * members + who] = k[0][i];
    }
}

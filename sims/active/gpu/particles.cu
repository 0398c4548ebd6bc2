// Active particles: forces by gathering, noise by counting, one thread a particle.
//
//     x' = x + (v e + mu F) dt + sqrt(2 D dt) n            Euler-Maruyama
//     e' = R(sqrt(2 D_r dt) n + Omega dt) e                a heading turned, |e| = 1
//     g' = a g + sqrt(1 - a^2) n,  a = exp(-gamma dt)      exact Ornstein-Uhlenbeck
//
// NVRTC and nvcc take this text, and behind sims/devices/host.h any C++ compiler. The enumerations of
// rules, models and laws are written before it by kernels.py. A particle reads its neighbours' old
// positions and writes its own new one elsewhere: no thread waits for another, nothing is added up by
// several, and the same seed gives the same bits.

struct alignas(16) Plane {
    double x, y;
};

__device__ inline long long thread()
{
    return (long long)blockIdx.x * blockDim.x + threadIdx.x;
}

// ---- noise: Salmon, Moraes, Dror & Shaw (2011) SC'11, doi:10.1145/2063384.2063405 ----

// Turn a counter into 128 random bits: Philox4x32 of 10 rounds.
__device__ inline void philox(unsigned int *c, unsigned int key0, unsigned int key1)
{
    for (int turn = 0; turn < 10; ++turn) {
        const unsigned long long a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
        const unsigned int c1 = c[1], c3 = c[3];
        c[0] = (unsigned int)(b >> 32) ^ c1 ^ key0;
        c[1] = (unsigned int)b;
        c[2] = (unsigned int)(a >> 32) ^ c3 ^ key1;
        c[3] = (unsigned int)a;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// Two numbers in (0, 1) of 53 bits, of a particle at a step for a purpose.
__device__ inline Plane uniforms(const unsigned int *key, int number, unsigned long long step,
                                 unsigned int purpose)
{
    unsigned int c[4] = {(unsigned int)number, purpose, (unsigned int)step,
                         (unsigned int)(step >> 32)};
    philox(c, key[0], key[1]);
    const unsigned long long a = ((unsigned long long)c[0] << 32) | c[1];
    const unsigned long long b = ((unsigned long long)c[2] << 32) | c[3];
    return {((double)(a >> 11) + 0.5) * 0x1p-53, ((double)(b >> 11) + 0.5) * 0x1p-53};
}

// Two independent standard normal numbers: Box & Muller (1958) Ann. Math. Stat. 29, 610.
__device__ inline Plane normals(const unsigned int *key, int number, unsigned long long step,
                                unsigned int purpose)
{
    const Plane u = uniforms(key, number, step, purpose);
    const double r = sqrt(-2.0 * log(u.x));
    double s, c;
    sincospi(2.0 * u.y, &s, &c);
    return {r * c, r * s};
}

// ---- forces ----

// The way from b to a, to its nearest image in a box; along an open axis edge and inverse are 0.
__device__ inline Plane apart(Plane a, Plane b, const double *rules)
{
    Plane gap = {a.x - b.x, a.y - b.y};
    gap.x -= rules[EDGE_X] * floor(gap.x * rules[OVER_X] + 0.5);
    gap.y -= rules[EDGE_Y] * floor(gap.y * rules[OVER_Y] + 0.5);
    return gap;
}

// Force over the distance; r2 is in units of the square of the pair's own diameter over the usual.
template <int LAW> __device__ inline double law(double r2, const double *rules)
{
    const double k = rules[STRENGTH], sigma2 = rules[SIGMA2], cut2 = rules[CUT2];
    if (r2 >= cut2) return 0.0;
    if (LAW == WCA) {
        const double inverse = sigma2 / r2, i6 = inverse * inverse * inverse;
        return 24.0 * k / sigma2 * inverse * i6 * (2.0 * i6 - 1.0);
    }
    const double r = sqrt(r2), sigma = sqrt(sigma2);
    if (LAW == HARMONIC) return k * (sigma - r) / r;
    const double beta = rules[BETA], z = beta * (sigma - r);
    const double soft = (z > 0.0 ? z : 0.0) + log1p(exp(-fabs(z)));
    return k * (soft / beta - rules[TAIL]) / r;
}

// Sum of the forces of the listed neighbours; each pair's are opposite to the last bit.
template <int LAW>
__device__ inline Plane pushes(int n, int i, const Plane *x, const double *size, const int *count,
                               const int *neighbour, const double *rules)
{
    const bool mixed = rules[MIXED] != 0.0;
    const Plane own = x[i];
    Plane f = {0.0, 0.0};
    for (int k = 0; k < count[i]; ++k) {
        const int j = neighbour[(long long)k * n + i];
        const Plane gap = apart(own, x[j], rules);
        double r2 = gap.x * gap.x + gap.y * gap.y, over = 1.0;
        if (mixed) {
            const double mean = 0.5 * (size[i] + size[j]);
            over = 1.0 / (mean * mean);
        }
        double push = law<LAW>(r2 * over, rules);
        // F/r of soft discs is a function of r/sigma alone; that of WCA goes with 1/sigma^2
        if (LAW == WCA) push *= over;
        f.x += push * gap.x;
        f.y += push * gap.y;
    }
    return f;
}

// Add the springs to the particles before and after, by number.
__device__ inline Plane springs(int n, int i, const Plane *x, const int *number, const int *place,
                                const double *rules)
{
    const double stiffness = rules[COUPLE];
    const bool ring = rules[RING] != 0.0;
    const int k = number[i];
    Plane f = {0.0, 0.0};
    for (int side = -1; side <= 1; side += 2) {
        if (!ring && (k + side < 0 || k + side >= n)) continue;
        const Plane other = x[place[(k + side + n) % n]];
        f.x += stiffness * (other.x - x[i].x);
        f.y += stiffness * (other.y - x[i].y);
    }
    return f;
}

// What acts on a particle: pairs, trap, springs.
__device__ inline Plane force(int n, int i, const Plane *x, const double *size, const int *count,
                              const int *neighbour, const int *number, const int *place,
                              const double *rules)
{
    Plane f = {0.0, 0.0};
    switch ((int)rules[LAW_OF]) {
    case WCA: f = pushes<WCA>(n, i, x, size, count, neighbour, rules); break;
    case HARMONIC: f = pushes<HARMONIC>(n, i, x, size, count, neighbour, rules); break;
    case SOFTPLUS: f = pushes<SOFTPLUS>(n, i, x, size, count, neighbour, rules); break;
    default: break;
    }
    f.x -= rules[TRAP] * x[i].x;
    f.y -= rules[TRAP] * x[i].y;
    if (rules[COUPLE] != 0.0) {
        const Plane pull = springs(n, i, x, number, place, rules);
        f.x += pull.x;
        f.y += pull.y;
    }
    return f;
}

// Sum of sin(theta_j - theta_i) over the others within the range of the alignment.
__device__ inline double torque(int n, int i, const Plane *x, const Plane *e, const int *count,
                                const int *neighbour, const double *rules)
{
    double sum = 0.0;
    for (int k = 0; k < count[i]; ++k) {
        const int j = neighbour[(long long)k * n + i];
        const Plane gap = apart(x[i], x[j], rules);
        if (gap.x * gap.x + gap.y * gap.y < rules[ALIGN2]) sum += e[i].x * e[j].y - e[i].y * e[j].x;
    }
    return sum;
}

// ---- motion ----

__device__ inline Plane kicks(const unsigned int *key, int number, unsigned long long step,
                              const double *rules)
{
    const double kick = rules[KICK];
    if (kick == 0.0) return {0.0, 0.0};
    const Plane noise = normals(key, number, step, THERMAL);
    return {kick * noise.x, rules[DIMENSION] == 2.0 ? kick * noise.y : 0.0};
}

// A heading or propulsion one step later.
__device__ inline Plane turned(Plane e, double sigma, double twist, const unsigned int *key,
                               int number, unsigned long long step, const double *rules)
{
    const int model = (int)rules[MODEL];
    const bool plane = rules[DIMENSION] == 2.0;
    if (model == PASSIVE) return e;
    const double spin = rules[SPIN];
    if (model == AOUP) {
        const Plane noise = normals(key, number, step, HEADING);
        const double keep = rules[KEEP], renew = rules[RENEW];
        if (!plane) return {keep * e.x + renew * noise.x, 0.0};
        const double c = cos(spin), s = sin(spin);
        return {keep * (c * e.x - s * e.y) + renew * noise.x,
                keep * (s * e.x + c * e.y) + renew * noise.y};
    }
    if (plane) {
        double angle = spin + rules[ALIGN] * twist;
        if (sigma > 0.0) angle += sigma * normals(key, number, step, HEADING).x;
        const double c = cos(angle), s = sin(angle);
        const Plane now = {c * e.x - s * e.y, s * e.x + c * e.y};
        // back to length 1, from which rounding would lead it in 10^8 steps
        const double over = 1.5 - 0.5 * (now.x * now.x + now.y * now.y);
        e = {over * now.x, over * now.y};
    }
    if (model == RTP) {
        const Plane u = uniforms(key, number, step, TUMBLING);
        if (u.x < rules[TUMBLE]) {
            if (!plane) return {u.y < 0.5 ? 1.0 : -1.0, 0.0};
            sincospi(2.0 * u.y, &e.y, &e.x);
        }
    }
    return e;
}

// Whether a displacement is more than the list allows; what is not a number is so too.
__device__ inline bool too_far(Plane x, Plane start, const double *rules)
{
    const double dx = x.x - start.x, dy = x.y - start.y, far2 = dx * dx + dy * dy;
    return !(far2 <= rules[MOST2] && far2 <= 1.7e308);
}

// One Euler-Maruyama step. stop[0] is the step before which the list must be made anew: once a
// particle has gone too far, later launches do nothing, until the host has looked.
extern "C" __global__ void euler(
    int n, unsigned long long step, unsigned long long *stop, const double *rules,
    const unsigned int *key, const int *number, const int *place, const double *speed,
    const double *turn, const double *size, const int *count, const int *neighbour,
    const Plane *start, const Plane *x, const Plane *e, Plane *x_to, Plane *e_to, double *work)
{
    const long long i = thread();
    if (i >= n || stop[0] <= step) return;
    const int who = number[i];
    const double h = rules[STEP], mu = rules[MOBILITY], v = speed[i];
    const Plane here = x[i], heading = e[i];
    const Plane f = force(n, (int)i, x, size, count, neighbour, number, place, rules);
    const Plane kick = kicks(key, who, step, rules);
    const Plane gone = {(v * heading.x + mu * f.x) * h + kick.x,
                        (v * heading.y + mu * f.y) * h + kick.y};
    double twist = 0.0;
    if (rules[ALIGN] != 0.0) twist = torque(n, (int)i, x, e, count, neighbour, rules);
    const Plane there = {here.x + gone.x, here.y + gone.y};
    x_to[i] = there;
    e_to[i] = turned(heading, turn[i], twist, key, who, step, rules);
    work[i] += v / mu * (heading.x * gone.x + heading.y * gone.y);
    if (too_far(there, start[i], rules)) stop[0] = step + 1;
}

// The trial step of Heun's method: drift and end; the step is not taken if one ends off the list.
extern "C" __global__ void heun_trial(
    int n, unsigned long long step, unsigned long long *stop, const double *rules,
    const unsigned int *key, const int *number, const int *place, const double *speed,
    const double *size, const int *count, const int *neighbour, const Plane *start, const Plane *x,
    const Plane *e, Plane *trial, Plane *drift)
{
    const long long i = thread();
    if (i >= n || stop[0] < step) return;
    const double h = rules[STEP], mu = rules[MOBILITY], v = speed[i];
    const Plane f = force(n, (int)i, x, size, count, neighbour, number, place, rules);
    const Plane kick = kicks(key, number[i], step, rules);
    const Plane way = {v * e[i].x + mu * f.x, v * e[i].y + mu * f.y};
    const Plane there = {x[i].x + way.x * h + kick.x, x[i].y + way.y * h + kick.y};
    drift[i] = way;
    trial[i] = there;
    if (too_far(there, start[i], rules)) stop[0] = step;
}

// The rest of Heun's step: the mean of the drifts at both ends, the noise the same.
extern "C" __global__ void heun(
    int n, unsigned long long step, unsigned long long *stop, const double *rules,
    const unsigned int *key, const int *number, const int *place, const double *speed,
    const double *turn, const double *size, const int *count, const int *neighbour,
    const Plane *start, const Plane *x, const Plane *e, const Plane *trial, const Plane *drift,
    Plane *x_to, Plane *e_to, double *work)
{
    const long long i = thread();
    if (i >= n || stop[0] <= step) return;
    const int who = number[i];
    const double h = rules[STEP], mu = rules[MOBILITY], v = speed[i];
    const Plane before = e[i], first = drift[i];
    const Plane after = turned(before, turn[i], 0.0, key, who, step, rules);
    const Plane f = force(n, (int)i, trial, size, count, neighbour, number, place, rules);
    const Plane kick = kicks(key, who, step, rules);
    const Plane second = {v * after.x + mu * f.x, v * after.y + mu * f.y};
    const double power = before.x * first.x + before.y * first.y + after.x * second.x
                         + after.y * second.y;
    const double random = (before.x + after.x) * kick.x + (before.y + after.y) * kick.y;
    const Plane there = {x[i].x + 0.5 * (first.x + second.x) * h + kick.x,
                         x[i].y + 0.5 * (first.y + second.y) * h + kick.y};
    work[i] += 0.5 * v / mu * (power * h + random);
    x_to[i] = there;
    e_to[i] = after;
    if (too_far(there, start[i], rules)) stop[0] = step + 1;
}

// Forces at positions x, and torques.
extern "C" __global__ void act(
    int n, const double *rules, const int *number, const int *place, const double *size,
    const int *count, const int *neighbour, const Plane *x, const Plane *e, Plane *f,
    double *twist)
{
    const long long i = thread();
    if (i >= n) return;
    f[i] = force(n, (int)i, x, size, count, neighbour, number, place, rules);
    twist[i] = 0.0;
    if (rules[ALIGN] != 0.0) twist[i] = torque(n, (int)i, x, e, count, neighbour, rules);
}

// ---- the list of neighbours ----

__device__ inline double within(double x, double length, double *image)
{
    if (!(length > 0.0)) return x;
    const double turns = floor(x / length);
    x -= turns * length;
    *image += turns;
    if (x >= length) { // by rounding
        x = 0.0;
        *image += 1.0;
    }
    return x;
}

// Bring particles back into the box, and count how often they left it.
extern "C" __global__ void wrap(int n, const double *rules, Plane *x, Plane *image)
{
    const long long i = thread();
    if (i >= n) return;
    x[i].x = within(x[i].x, rules[EDGE_X], &image[i].x);
    x[i].y = within(x[i].y, rules[EDGE_Y], &image[i].y);
}

__device__ inline long long cell_along(double x, double low, double width, long long cells)
{
    const long long c = (long long)((x - low) / width);
    return c < cells - 1 ? c : cells - 1;
}

// A key by which particles are sorted: the cell, and within it the number. No two are the same.
extern "C" __global__ void keys(int n, const double *grid, const Plane *x, const int *number,
                                long long *key)
{
    const long long i = thread();
    if (i >= n) return;
    const long long nx = (long long)grid[CELLS_X], ny = (long long)grid[CELLS_Y];
    const long long cx = cell_along(x[i].x, grid[LOW_X], grid[WIDTH_X], nx);
    const long long cy = cell_along(x[i].y, grid[LOW_Y], grid[WIDTH_Y], ny);
    key[i] = (cy * nx + cx) * n + number[i];
}

__device__ inline int listed_if(int n, int room, int i, int j, int found, const Plane *x,
                                const double *rules, int *neighbour)
{
    const Plane gap = apart(x[i], x[j], rules);
    if (i == j || !(gap.x * gap.x + gap.y * gap.y < rules[REACH2])) return found;
    if (found < room) neighbour[(long long)found * n + i] = j;
    return found + 1;
}

// The cell c + way along an axis, wrapped if it is closed; -1 where there is none.
__device__ inline long long beside(long long c, int way, long long cells, bool closed)
{
    c += way;
    if (c >= 0 && c < cells) return c;
    return closed ? (c < 0 ? c + cells : c - cells) : -1;
}

// List the neighbours of each particle, from its cell and those around it; x is sorted by cell.
// count may come out above the room: then not all were written, and the list must be made longer.
extern "C" __global__ void list(int n, int room, const double *rules, const double *grid,
                                const long long *key, const long long *first, const Plane *x,
                                int *count, int *neighbour)
{
    const long long i = thread();
    if (i >= n) return;
    const long long nx = (long long)grid[CELLS_X], ny = (long long)grid[CELLS_Y];
    const long long cell = key[i] / n, cx = cell % nx, cy = cell / nx;
    int found = 0;
    for (int up = -1; up <= 1; ++up) {
        const long long row = beside(cy, up, ny, rules[EDGE_Y] > 0.0);
        for (int right = -1; right <= 1; ++right) {
            const long long column = beside(cx, right, nx, rules[EDGE_X] > 0.0);
            if (row < 0 || column < 0) continue;
            const long long other = row * nx + column;
            for (long long j = first[other]; j < first[other + 1]; ++j)
                found = listed_if(n, room, (int)i, (int)j, found, x, rules, neighbour);
        }
    }
    count[i] = found;
}

// The same by all particles, for boxes that hold no three cells.
extern "C" __global__ void list_by_all(int n, int room, const double *rules, const Plane *x,
                                       int *count, int *neighbour)
{
    const long long i = thread();
    if (i >= n) return;
    int found = 0;
    for (int j = 0; j < n; ++j)
        found = listed_if(n, room, (int)i, j, found, x, rules, neighbour);
    count[i] = found;
}

// ---- what tests look at ----

extern "C" __global__ void random_words(int n, const unsigned int *key, const unsigned int *counter,
                                        unsigned int *out)
{
    const long long i = thread();
    if (i >= n) return;
    unsigned int c[4];
    for (int k = 0; k < 4; ++k) c[k] = counter[4 * i + k];
    philox(c, key[2 * i], key[2 * i + 1]);
    for (int k = 0; k < 4; ++k) out[4 * i + k] = c[k];
}

extern "C" __global__ void random_normals(int n, unsigned long long step, const unsigned int *key,
                                          Plane *out)
{
    const long long i = thread();
    if (i < n) out[i] = normals(key, (int)i, step, THERMAL);
}

"""The kernels of the renderer: blend, normals, camera, light, z-buffer, shading (numba).

One thread each: processes run side by side, not threads.

Everything works on one frame; buffers come from the caller, so that nothing is allocated per
frame. Arrays are C-contiguous float32 unless said otherwise.
"""

import numpy as np
from numba import njit

#: Distance of the camera from the eyes, in units of the face height.
CAMERA = 5.5
#: Columns of the vertex attributes: lit red, green, blue, gloss, texture u, v.
ATTRIBUTES = 6


@njit(cache=True, fastmath=True, error_model="numpy")
def blend(out, neutral, weights, start, vertex, offset):  # type: ignore[no-untyped-def]
    """``out = neutral + sum_k weights[k] * shape k`` over the shapes of non-zero weight."""
    out[:] = neutral
    for k in range(len(weights)):
        w = weights[k]
        if w == 0.0:
            continue
        for j in range(start[k], start[k + 1]):
            v = vertex[j]
            out[v, 0] += w * offset[j, 0]
            out[v, 1] += w * offset[j, 1]
            out[v, 2] += w * offset[j, 2]


@njit(cache=True, fastmath=True, error_model="numpy")
def turn(points, rotation, pivot):  # type: ignore[no-untyped-def]
    """Rotate ``points`` [V, 3] about ``pivot`` in place."""
    for v in range(len(points)):
        x, y, z = points[v, 0] - pivot[0], points[v, 1] - pivot[1], points[v, 2] - pivot[2]
        for i in range(3):
            points[v, i] = rotation[i, 0] * x + rotation[i, 1] * y + rotation[i, 2] * z + pivot[i]


@njit(cache=True, fastmath=True, error_model="numpy")
def normals(out, points, triangles):  # type: ignore[no-untyped-def]
    """Area-weighted vertex normals, unit length."""
    out[:] = 0.0
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        x, y, z = points[a, 0], points[a, 1], points[a, 2]
        ux, uy, uz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
        wx, wy, wz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        for v in (a, b, c):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for v in range(len(out)):
        square = out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2
        if square > 1e-24:  # a vertex without area has no normal, and keeps 0
            length = np.sqrt(square)
            for i in range(3):
                out[v, i] /= length


@njit(cache=True, fastmath=True, error_model="numpy")
def project(out, points, n, scale, x0, y0):  # type: ignore[no-untyped-def]
    """Weak perspective onto an n x n raster; ``scale`` is face units to image share."""
    for v in range(len(points)):
        s = scale * n * CAMERA / (CAMERA - points[v, 2])
        out[v, 0] = x0 * n + s * points[v, 0]
        out[v, 1] = y0 * n - s * points[v, 1]
        out[v, 2] = points[v, 2]


@njit(cache=True, fastmath=True, error_model="numpy")
def light_vertices(attributes, normal, colour, sky, gloss, direction, half, sun, ambient):  # type: ignore[no-untyped-def]
    """Lit colour and gloss of every vertex.

    Wrapped Lambert: light creeps further round the face in red than in blue, as it does under
    skin. Ambient light is stronger from above and weaker where little sky is seen.
    """
    for v in range(len(normal)):
        nx, ny, nz = normal[v, 0], normal[v, 1], normal[v, 2]
        lambert = nx * direction[0] + ny * direction[1] + nz * direction[2]
        s = sky[v]
        around = s * (0.72 + 0.28 * ny)
        direct = 0.35 + 0.65 * s
        for i in range(3):
            wrap = 0.30 - 0.08 * i
            lit = max(0.0, (lambert + wrap) / (1.0 + wrap))
            attributes[v, i] = colour[v, i] * (ambient[i] * around + sun[i] * direct * lit)
        shine = max(0.0, nx * half[0] + ny * half[1] + nz * half[2])
        shine *= shine
        shine *= shine
        shine *= shine
        attributes[v, 3] = gloss[v] * s * (0.35 * shine + 0.65 * shine * shine * shine)


@njit(cache=True, fastmath=True, error_model="numpy")
def rasterise(depth, owner, bary, screen, triangles):  # type: ignore[no-untyped-def]
    """Z-buffer: per pixel the nearest front-facing triangle and two barycentric weights."""
    n = depth.shape[0]
    depth[:] = -1e9
    owner[:] = -1
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        # y runs downwards on the screen, so triangles that face us have a negative area
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-9:
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(n - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(0, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(n - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        if x0 > x1 or y0 > y1:
            continue
        inverse = 1.0 / area
        az, bz, cz = screen[a, 2], screen[b, 2], screen[c, 2]
        for y in range(y0, y1 + 1):
            py = y + 0.5 - ay
            for x in range(x0, x1 + 1):
                px = x + 0.5 - ax
                u = (px * (cy - ay) - py * (cx - ax)) * inverse
                v = ((bx - ax) * py - (by - ay) * px) * inverse
                if u < 0.0 or v < 0.0 or u + v > 1.0:
                    continue
                z = az + u * (bz - az) + v * (cz - az)
                if z > depth[y, x]:
                    depth[y, x] = z
                    owner[y, x] = f
                    bary[y, x, 0] = u
                    bary[y, x, 1] = v


@njit(cache=True, fastmath=True, error_model="numpy")
def crease(out, texture, texel, shade, strength):  # type: ignore[no-untyped-def]
    """Darken the sparse ``texel`` list of a texture by ``shade`` [N, K] times ``strength`` [K]."""
    for j in range(len(texel)):
        dark = 0.0
        for k in range(len(strength)):
            dark += shade[j, k] * strength[k]
        keep = 1.0 - min(0.75, dark)
        t = texel[j]
        # creases let red through, as shadows on skin do
        out[t, 0] = texture[t, 0] * (0.2 + 0.8 * keep)
        out[t, 1] = texture[t, 1] * keep
        out[t, 2] = texture[t, 2] * keep


@njit(cache=True, fastmath=True, error_model="numpy")
def _iris(out, u, v, light, eyes, pupil):  # type: ignore[no-untyped-def]
    """Colour of the eyeball at (u, v), its direction from the centre of the eye."""
    r = np.sqrt(u * u + v * v)
    edge = min(1.0, max(0.0, (0.50 - r) * 14.0))
    hole = min(1.0, max(0.0, (pupil - r) * 16.0))
    ring = 1.0 - 0.55 * min(1.0, max(0.0, (r - 0.38) * 9.0))
    fibre = 0.75 + 0.9 * r
    for i in range(3):
        white = eyes[3 + i] * (1.0 - 0.25 * min(1.0, r * r))
        colour = eyes[i] * ring * fibre * (1.0 - hole) + 0.004 * hole
        out[i] = light[i] * (edge * colour + (1.0 - edge) * white)
    du, dv = u - 0.17, v - 0.2
    glint = max(0.0, 1.0 - (du * du + dv * dv) * 60.0)
    for i in range(3):
        out[i] += 0.9 * glint * light[i]


@njit(cache=True, fastmath=True, error_model="numpy")
def shade(out, owner, bary, triangles, material, attributes, texture, height, width, eyes, pupil):  # type: ignore[no-untyped-def]
    """Linear colour and coverage [n, n, 4] of every pixel that a triangle owns."""
    n = owner.shape[0]
    value = np.empty(ATTRIBUTES, np.float32)
    pixel = np.empty(3, np.float32)
    for y in range(n):
        for x in range(n):
            f = owner[y, x]
            if f < 0:
                out[y, x, 3] = 0.0
                continue
            a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            u, v = bary[y, x, 0], bary[y, x, 1]
            w = 1.0 - u - v
            for i in range(ATTRIBUTES):
                value[i] = w * attributes[a, i] + u * attributes[b, i] + v * attributes[c, i]
            out[y, x, 3] = 1.0
            if material[f] == 1:
                _iris(pixel, value[4], value[5], value, eyes, pupil)
                for i in range(3):
                    out[y, x, i] = pixel[i] + value[3]
            elif material[f] == 0:
                tx = min(max(value[4] * width - 0.5, 0.0), width - 1.001)
                ty = min(max(value[5] * height - 0.5, 0.0), height - 1.001)
                ix, iy = int(tx), int(ty)
                fx, fy = tx - ix, ty - iy
                t = iy * width + ix
                for i in range(3):
                    top = texture[t, i] * (1 - fx) + texture[t + 1, i] * fx
                    low = texture[t + width, i] * (1 - fx) + texture[t + width + 1, i] * fx
                    out[y, x, i] = value[i] * (top * (1 - fy) + low * fy) + value[3]
            else:
                keep = 1.0
                if material[f] == 3:
                    # gaps between the teeth; the coordinate counts teeth from the middle
                    gap = abs(value[4] - np.round(value[4])) * 9.0
                    keep = 1.0 - 0.5 * max(0.0, 1.0 - gap)
                for i in range(3):
                    out[y, x, i] = keep * value[i] + value[3]


@njit(cache=True, fastmath=True, error_model="numpy")
def develop(out, linear, background, curve):  # type: ignore[no-untyped-def]
    """Average 2 x 2 pixels over the background (linear) and apply the tone curve; uint8 out."""
    top = len(curve) - 1
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for i in range(3):
                total = 0.0
                cover = 0.0
                for sy in range(2):
                    for sx in range(2):
                        share = linear[2 * y + sy, 2 * x + sx, 3]
                        total += share * linear[2 * y + sy, 2 * x + sx, i]
                        cover += share
                level = 0.25 * (total + (4.0 - cover) * background[y, x, i])
                out[y, x, i] = curve[min(top, max(0, int(level * 1024.0 + 0.5)))]

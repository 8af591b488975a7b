;; Scores of int8 vectors against one query, with SIMD: out[i] = sum of codes[i][d] * query[d], as 32-bit integers.
;; $codes: count x width bytes; $query: width 16-bit integers; $out: count 32-bit integers; width: a multiple of 16.
;; vector-scan.wasm is this text assembled: npm run build:wasm.
(module
  (memory (export "memory") 1)
  (func (export "scan") (param $codes i32) (param $count i32) (param $width i32) (param $query i32) (param $out i32)
    (local $end i32) (local $q i32) (local $stop i32)
    (local $a v128) (local $b v128) (local $c v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (local.set $a (v128.const i32x4 0 0 0 0))
        (local.set $b (v128.const i32x4 0 0 0 0))
        (local.set $q (local.get $query))
        (local.set $stop (i32.add (local.get $codes) (local.get $width)))
        (loop $dimensions
          (local.set $c (v128.load (local.get $codes)))
          (local.set $a (i32x4.add (local.get $a)
            (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $c)) (v128.load (local.get $q)))))
          (local.set $b (i32x4.add (local.get $b)
            (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $c)) (v128.load offset=16 (local.get $q)))))
          (local.set $q (i32.add (local.get $q) (i32.const 32)))
          (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
          (br_if $dimensions (i32.lt_u (local.get $codes) (local.get $stop))))
        (local.set $a (i32x4.add (local.get $a) (local.get $b)))
        (i32.store (local.get $out)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a)))
            (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a)))))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br $vectors)))))

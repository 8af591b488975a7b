;; The arithmetic of vector search, with SIMD. Widths are in codes, one byte each, and multiples of 128.
;; vector-scan.wasm is this text assembled: npm run build:wasm.
(module
  (memory (export "memory") 1)

  ;; The sum of codes[d] * query[d]: $codes are bytes, $query 16-bit integers, the sum has 32 bits.
  (func $dot (param $codes i32) (param $width i32) (param $query i32) (result i32)
    (local $stop i32) (local $a v128) (local $b v128) (local $c v128)
    (local.set $stop (i32.add (local.get $codes) (local.get $width)))
    (loop $dimensions
      (local.set $c (v128.load (local.get $codes)))
      (local.set $a (i32x4.add (local.get $a)
        (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $c)) (v128.load (local.get $query)))))
      (local.set $b (i32x4.add (local.get $b)
        (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $c)) (v128.load offset=16 (local.get $query)))))
      (local.set $query (i32.add (local.get $query) (i32.const 32)))
      (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
      (br_if $dimensions (i32.lt_u (local.get $codes) (local.get $stop))))
    (local.set $a (i32x4.add (local.get $a) (local.get $b)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a)))
      (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a)))))

  ;; out[i] = dot of vector i and the query: $count 32-bit integers.
  (func (export "scan") (param $codes i32) (param $count i32) (param $width i32) (param $query i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (i32.store (local.get $out) (call $dot (local.get $codes) (local.get $width) (local.get $query)))
        (local.set $codes (i32.add (local.get $codes) (local.get $width)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br $vectors))))

  ;; The same for some vectors: $list has $count of their numbers, 32 bits each, which their sums replace.
  (func (export "rescore") (param $codes i32) (param $list i32) (param $count i32) (param $width i32) (param $query i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $list) (local.get $end)))
        (i32.store (local.get $list)
          (call $dot
            (i32.add (local.get $codes) (i32.mul (i32.load (local.get $list)) (local.get $width)))
            (local.get $width) (local.get $query)))
        (local.set $list (i32.add (local.get $list) (i32.const 4)))
        (br $vectors))))

  ;; The signs of $bytes codes, one bit each.
  (func (export "sketch") (param $codes i32) (param $bytes i32) (param $out i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $codes) (local.get $bytes)))
    (block $done
      (loop $codes16
        (br_if $done (i32.ge_u (local.get $codes) (local.get $end)))
        (i32.store16 (local.get $out) (i8x16.bitmask (v128.load (local.get $codes))))
        (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
        (local.set $out (i32.add (local.get $out) (i32.const 2)))
        (br $codes16))))

  ;; out[i] = how much sketch i differs from the query: the sum of the weights, 0 to 3, of the codes whose signs differ, as
  ;; $count 16-bit integers. $bytes: of one sketch. $query: for each 16 bytes of a sketch the query's signs, then the
  ;; lower and the higher bits of its weights, 16 bytes each.
  (func (export "differences")
    (param $sketches i32) (param $count i32) (param $bytes i32) (param $query i32) (param $out i32)
    (local $end i32) (local $q i32) (local $stop i32) (local $differ v128) (local $sum v128)
    (local.set $end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 1))))
    (block $done
      (loop $vectors
        (br_if $done (i32.ge_u (local.get $out) (local.get $end)))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (local.set $q (local.get $query))
        (local.set $stop (i32.add (local.get $sketches) (local.get $bytes)))
        (loop $bits
          (local.set $differ (v128.xor (v128.load (local.get $sketches)) (v128.load (local.get $q))))
          (local.set $sum (i16x8.add (local.get $sum) (i16x8.extadd_pairwise_i8x16_u
            (i8x16.add
              (i8x16.popcnt (v128.and (local.get $differ) (v128.load offset=16 (local.get $q))))
              (i8x16.shl
                (i8x16.popcnt (v128.and (local.get $differ) (v128.load offset=32 (local.get $q))))
                (i32.const 1))))))
          (local.set $q (i32.add (local.get $q) (i32.const 48)))
          (local.set $sketches (i32.add (local.get $sketches) (i32.const 16)))
          (br_if $bits (i32.lt_u (local.get $sketches) (local.get $stop))))
        (local.set $sum (i32x4.extadd_pairwise_i16x8_u (local.get $sum)))
        (i32.store16 (local.get $out)
          (i32.add
            (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
            (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
        (local.set $out (i32.add (local.get $out) (i32.const 2)))
        (br $vectors)))))

// Generated from this, and adapted to the import map:
//
//     syntax = "proto3";
//     message Call {
//       uint32 id = 1;
//       uint32 target = 2;
//       uint32 sequence = 3;
//       uint32 caller = 4;
//       sint32 amount = 5;
//       float scale = 6;
//       string text = 7;
//       float x = 8;
//       float y = 9;
//       float z = 10;
//     }
//     message Batched {
//       uint32 target = 1;
//       uint32 caller = 2;
//       sint32 amount = 3;
//       float scale = 4;
//       string text = 5;
//       float x = 6;
//       float y = 7;
//       float z = 8;
//     }
//     message Batch {
//       uint32 id = 1;
//       uint32 sequence = 2;
//       repeated Batched calls = 3;
//     }
//
//     npx -p protobufjs-cli@2 pbjs -t static-module -w es6 --no-create --no-verify \
//       --no-convert --no-delimited call.proto
//
// deno-fmt-ignore-file
// deno-lint-ignore-file
import $protobuf from "protobufjs/minimal.js";
// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;
// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});
export const Call = $root.Call = (() => {
    const Call = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };
    Call.prototype.id = 0;
    Call.prototype.target = 0;
    Call.prototype.sequence = 0;
    Call.prototype.caller = 0;
    Call.prototype.amount = 0;
    Call.prototype.scale = 0;
    Call.prototype.text = "";
    Call.prototype.x = 0;
    Call.prototype.y = 0;
    Call.prototype.z = 0;
    Call.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
            writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
        if (message.target != null && $Object.hasOwnProperty.call(message, "target") && message.target !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.target);
        if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && message.sequence !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.sequence);
        if (message.caller != null && $Object.hasOwnProperty.call(message, "caller") && message.caller !== 0)
            writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.caller);
        if (message.amount != null && $Object.hasOwnProperty.call(message, "amount") && message.amount !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).sint32(message.amount);
        if (message.scale != null && $Object.hasOwnProperty.call(message, "scale") && !$Object.is(message.scale, 0))
            writer.uint32(/* id 6, wireType 5 =*/53).float(message.scale);
        if (message.text != null && $Object.hasOwnProperty.call(message, "text") && message.text !== "")
            writer.uint32(/* id 7, wireType 2 =*/58).string(message.text);
        if (message.x != null && $Object.hasOwnProperty.call(message, "x") && !$Object.is(message.x, 0))
            writer.uint32(/* id 8, wireType 5 =*/69).float(message.x);
        if (message.y != null && $Object.hasOwnProperty.call(message, "y") && !$Object.is(message.y, 0))
            writer.uint32(/* id 9, wireType 5 =*/77).float(message.y);
        if (message.z != null && $Object.hasOwnProperty.call(message, "z") && !$Object.is(message.z, 0))
            writer.uint32(/* id 10, wireType 5 =*/85).float(message.z);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };
    Call.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.Call();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.id = value;
                    else
                        delete message.id;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.target = value;
                    else
                        delete message.target;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.sequence = value;
                    else
                        delete message.sequence;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.caller = value;
                    else
                        delete message.caller;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.sint32())
                        message.amount = value;
                    else
                        delete message.amount;
                    continue;
                }
            case 6: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.scale = value;
                    else
                        delete message.scale;
                    continue;
                }
            case 7: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.text = value;
                    else
                        delete message.text;
                    continue;
                }
            case 8: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.x = value;
                    else
                        delete message.x;
                    continue;
                }
            case 9: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.y = value;
                    else
                        delete message.y;
                    continue;
                }
            case 10: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.z = value;
                    else
                        delete message.z;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };
    Call.getTypeUrl = function(prefix) {
        if (prefix === $undefined)
            prefix = "type.googleapis.com";
        return prefix + "/Call";
    };
    return Call;
})();
export const Batched = $root.Batched = (() => {
    const Batched = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };
    Batched.prototype.target = 0;
    Batched.prototype.caller = 0;
    Batched.prototype.amount = 0;
    Batched.prototype.scale = 0;
    Batched.prototype.text = "";
    Batched.prototype.x = 0;
    Batched.prototype.y = 0;
    Batched.prototype.z = 0;
    Batched.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.target != null && $Object.hasOwnProperty.call(message, "target") && message.target !== 0)
            writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.target);
        if (message.caller != null && $Object.hasOwnProperty.call(message, "caller") && message.caller !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.caller);
        if (message.amount != null && $Object.hasOwnProperty.call(message, "amount") && message.amount !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).sint32(message.amount);
        if (message.scale != null && $Object.hasOwnProperty.call(message, "scale") && !$Object.is(message.scale, 0))
            writer.uint32(/* id 4, wireType 5 =*/37).float(message.scale);
        if (message.text != null && $Object.hasOwnProperty.call(message, "text") && message.text !== "")
            writer.uint32(/* id 5, wireType 2 =*/42).string(message.text);
        if (message.x != null && $Object.hasOwnProperty.call(message, "x") && !$Object.is(message.x, 0))
            writer.uint32(/* id 6, wireType 5 =*/53).float(message.x);
        if (message.y != null && $Object.hasOwnProperty.call(message, "y") && !$Object.is(message.y, 0))
            writer.uint32(/* id 7, wireType 5 =*/61).float(message.y);
        if (message.z != null && $Object.hasOwnProperty.call(message, "z") && !$Object.is(message.z, 0))
            writer.uint32(/* id 8, wireType 5 =*/69).float(message.z);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };
    Batched.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.Batched();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.target = value;
                    else
                        delete message.target;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.caller = value;
                    else
                        delete message.caller;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.sint32())
                        message.amount = value;
                    else
                        delete message.amount;
                    continue;
                }
            case 4: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.scale = value;
                    else
                        delete message.scale;
                    continue;
                }
            case 5: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.text = value;
                    else
                        delete message.text;
                    continue;
                }
            case 6: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.x = value;
                    else
                        delete message.x;
                    continue;
                }
            case 7: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.y = value;
                    else
                        delete message.y;
                    continue;
                }
            case 8: {
                    if (wireType !== 5)
                        break;
                    if (!$Object.is(value = reader.float(), 0))
                        message.z = value;
                    else
                        delete message.z;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };
    Batched.getTypeUrl = function(prefix) {
        if (prefix === $undefined)
            prefix = "type.googleapis.com";
        return prefix + "/Batched";
    };
    return Batched;
})();
export const Batch = $root.Batch = (() => {
    const Batch = function (properties) {
        this.calls = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };
    Batch.prototype.id = 0;
    Batch.prototype.sequence = 0;
    Batch.prototype.calls = $util.emptyArray;
    Batch.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== 0)
            writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.id);
        if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && message.sequence !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.sequence);
        if (message.calls != null && message.calls.length)
            for (let i = 0; i < message.calls.length; ++i)
                $root.Batched.encode(message.calls[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };
    Batch.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.Batch();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.id = value;
                    else
                        delete message.id;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.sequence = value;
                    else
                        delete message.sequence;
                    continue;
                }
            case 3: {
                    if (wireType !== 2)
                        break;
                    if (!(message.calls && message.calls.length))
                        message.calls = [];
                    message.calls.push($root.Batched.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };
    Batch.getTypeUrl = function(prefix) {
        if (prefix === $undefined)
            prefix = "type.googleapis.com";
        return prefix + "/Batch";
    };
    return Batch;
})();
export {
  $root as default
};

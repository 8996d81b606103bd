// Generated from this, and adapted to the import map:
//
//     syntax = "proto3";
//     message Packet {
//       uint32 version = 1;
//       uint32 flags = 2;
//       uint32 kind = 3;
//       uint32 sequence = 4;
//       uint32 ack = 5;
//       fixed32 ack_bits = 6;
//       bytes payload = 7;
//     }
//
//     npx -p protobufjs-cli@2 pbjs -t static-module -w es6 --no-create --no-verify \
//       --no-convert --no-delimited packet.proto
//
// deno-fmt-ignore-file
// deno-lint-ignore-file
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const Packet = $root.Packet = (() => {
    const Packet = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };
    Packet.prototype.version = 0;
    Packet.prototype.flags = 0;
    Packet.prototype.kind = 0;
    Packet.prototype.sequence = 0;
    Packet.prototype.ack = 0;
    Packet.prototype.ackBits = 0;
    Packet.prototype.payload = $util.newBuffer([]);
    Packet.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== 0)
            writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
        if (message.flags != null && $Object.hasOwnProperty.call(message, "flags") && message.flags !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.flags);
        if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.kind);
        if (message.sequence != null && $Object.hasOwnProperty.call(message, "sequence") && message.sequence !== 0)
            writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.sequence);
        if (message.ack != null && $Object.hasOwnProperty.call(message, "ack") && message.ack !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.ack);
        if (message.ackBits != null && $Object.hasOwnProperty.call(message, "ackBits") && message.ackBits !== 0)
            writer.uint32(/* id 6, wireType 5 =*/53).fixed32(message.ackBits);
        if (message.payload != null && $Object.hasOwnProperty.call(message, "payload") && message.payload.length)
            writer.uint32(/* id 7, wireType 2 =*/58).bytes(message.payload);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };
    Packet.decode = function (reader, length, _end, _depth, _target) {
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
        message = _target || new $root.Packet();
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
                        message.version = value;
                    else
                        delete message.version;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.flags = value;
                    else
                        delete message.flags;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.kind = value;
                    else
                        delete message.kind;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.sequence = value;
                    else
                        delete message.sequence;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.ack = value;
                    else
                        delete message.ack;
                    continue;
                }
            case 6: {
                    if (wireType !== 5)
                        break;
                    if (value = reader.fixed32())
                        message.ackBits = value;
                    else
                        delete message.ackBits;
                    continue;
                }
            case 7: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.bytes()).length)
                        message.payload = value;
                    else
                        delete message.payload;
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
    Packet.getTypeUrl = function(prefix) {
        if (prefix === $undefined)
            prefix = "type.googleapis.com";
        return prefix + "/Packet";
    };

    return Packet;
})();

export {
  $root as default
};

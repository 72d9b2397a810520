using System.Text.Json;

namespace Headgate.Ledgers;

/// <summary>Reads intents and ends, which are nearly all of a file, without building a document; says of what kind the others are.</summary>
internal sealed class RecordParser
{
    private readonly NamePool _names = new();
    private readonly List<UnitCost> _costs = [];
    private LedgerIntent _intent;
    private LedgerEnd _end;

    public ref readonly LedgerIntent Intent => ref _intent;

    public ref readonly LedgerEnd End => ref _end;

    /// <exception cref="JsonException">The line is not one JSON object.</exception>
    /// <exception cref="InvalidOperationException">A member is of the wrong type.</exception>
    /// <exception cref="FormatException">A number is not whole.</exception>
    public LedgerRecordKind Parse(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var members = new Members();
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("a record is a JSON object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (ReadMember(ref json, ref members) is { } kind)
                return kind;
        if (json.Read())
            throw new JsonException("there is something behind the record");
        return members.Kind(ref _intent, ref _end);
    }

    /// <summary>Takes one member; a kind if it decides that the record is neither intent nor end.</summary>
    private LedgerRecordKind? ReadMember(ref Utf8JsonReader json, ref Members members)
    {
        if (json.ValueTextEquals("n"u8))
            members.Number = Long(ref json);
        else if (json.ValueTextEquals("m"u8))
            members.Sent = Long(ref json);
        else if (json.ValueTextEquals("t"u8))
            members.Wall = Long(ref json);
        else if (json.ValueTextEquals("end"u8))
            members.End = Long(ref json);
        else if (json.ValueTextEquals("late"u8))
            members.Late = Long(ref json);
        else if (json.ValueTextEquals("line"u8))
            members.Line = Long(ref json);
        else if (json.ValueTextEquals("status"u8))
            members.Status = (int)Long(ref json);
        else if (json.ValueTextEquals("id"u8))
            members.Id = Text(ref json);
        else if (json.ValueTextEquals("up"u8))
            members.Upstream = Name(ref json);
        else if (json.ValueTextEquals("key"u8))
            members.Key = Name(ref json);
        else if (json.ValueTextEquals("proxy"u8))
            members.Proxy = Name(ref json);
        else if (json.ValueTextEquals("exit"u8))
            members.Exit = Name(ref json);
        else if (json.ValueTextEquals("in"u8))
            members.Parts = Name(ref json);
        else if (json.ValueTextEquals("class"u8))
            members.Class = Name(ref json);
        else if (json.ValueTextEquals("cost"u8))
            members.Cost = Costs(ref json);
        else
            return Decisive(ref json);
        return null;
    }

    private static LedgerRecordKind? Decisive(ref Utf8JsonReader json)
    {
        if (json.ValueTextEquals("headgate"u8))
            return LedgerRecordKind.Header;
        if (json.ValueTextEquals("limits"u8))
            return LedgerRecordKind.Limits;
        if (json.ValueTextEquals("learned"u8))
            return LedgerRecordKind.Learned;
        if (json.ValueTextEquals("step_us"u8))
            return LedgerRecordKind.Step;
        if (json.ValueTextEquals("server_us"u8))
            return LedgerRecordKind.ServerClock;
        json.Read();
        json.Skip();
        return null;
    }

    private static long Long(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }

    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetString();
    }

    private string Name(ref Utf8JsonReader json)
    {
        json.Read();
        return Pooled(ref json);
    }

    private string Pooled(ref Utf8JsonReader json) =>
        json.ValueIsEscaped || json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) ? json.GetString() ?? "" : _names.Of(json.ValueSpan);

    private UnitCost[] Costs(ref Utf8JsonReader json)
    {
        _costs.Clear();
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("cost is an object of units");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            _costs.Add(new UnitCost(Pooled(ref json), Long(ref json)) is { Amount: >= 0 } cost ? cost : throw new JsonException("a cost is below zero, which nothing costs"));
        return [.. _costs];
    }

    private ref struct Members
    {
        public long? Number;
        public long? Sent;
        public long? Wall;
        public long? Line;
        public long? End;
        public long? Late;
        public int Status;
        public string? Id;
        public string? Upstream;
        public string? Key;
        public string? Proxy;
        public string? Exit;
        public string? Parts;
        public string? Class;
        public UnitCost[]? Cost;

        public readonly LedgerRecordKind Kind(ref LedgerIntent intent, ref LedgerEnd end)
        {
            if (Number is not { } number)
                return Sent is null && End is null ? LedgerRecordKind.Other : throw new JsonException("the number of the attempt (n) is missing");
            if (Sent is { } sent)
            {
                intent = new LedgerIntent { WallUs = Wall ?? 0, SentUs = sent, Number = number, Line = Line, Id = Id, Upstream = Upstream, Key = Key, Proxy = Proxy, Exit = Exit, Parts = Parts, Cost = Cost };
                return LedgerRecordKind.Intent;
            }
            if (End is null && Late is null)
                throw new JsonException("an end says when (end, late)");
            end = new LedgerEnd { Number = number, EndUs = End ?? Late ?? 0, LateUs = Late ?? End ?? 0, Status = Status, Class = Class, Cost = Cost };
            return LedgerRecordKind.End;
        }
    }
}

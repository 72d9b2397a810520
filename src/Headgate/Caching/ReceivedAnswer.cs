namespace Headgate.Caching;

/// <summary>An answer as it came.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Reason">The words beside it.</param>
/// <param name="Fields">All of its headers, as they came.</param>
/// <param name="RequestedAt">When it was asked for, milliseconds since the Unix epoch.</param>
/// <param name="ReceivedAt">When its headers came.</param>
/// <param name="Body">Its whole body; empty before that is read.</param>
internal readonly record struct ReceivedAnswer(int Status, string? Reason, FieldList Fields, long RequestedAt, long ReceivedAt, ReadOnlyMemory<byte> Body);

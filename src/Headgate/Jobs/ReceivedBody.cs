namespace Headgate.Jobs;

/// <summary>The body of an answer: in memory, in a file, or left alone because it is too large.</summary>
internal readonly record struct ReceivedBody(ReadOnlyMemory<byte> Bytes, string? File, bool IsTooLarge);

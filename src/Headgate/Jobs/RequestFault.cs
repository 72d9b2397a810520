namespace Headgate.Jobs;

/// <summary>Why a request cannot be read, and the byte of its text where that was seen.</summary>
internal sealed record RequestFault(string Message, int Offset);

/// <summary>Ends the reading of a request at a place; never leaves whoever reads it.</summary>
internal sealed class RequestFaultException(string message, long offset) : Exception(message)
{
    public RequestFault Fault { get; } = new(message, (int)offset);
}

namespace Headgate;

/// <summary>An answer broke off when a part of it was with whoever asked: no other can take its place, so nothing is tried again.</summary>
/// <param name="cause">What the transport threw.</param>
internal sealed class BrokenAnswerException(Exception cause) : Exception("the answer broke off on its way to whoever asked", cause)
{
    public Exception Cause => InnerException!;
}
